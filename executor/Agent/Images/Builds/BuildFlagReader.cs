using System.Globalization;
using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>Turns a build's command line into a <see cref="BuildRequest"/>. Wrong values name flag, value and remedy.</summary>
/// <param name="variable">For --build-arg NAME and --secret id=NAME, which take their value from the environment.</param>
internal sealed class BuildFlagReader(ParsedFlags flags, Func<string, string?> variable)
{
    private const string Epoch = "SOURCE_DATE_EPOCH";

    /// <exception cref="ImageException">A value is wrong, or the context is missing.</exception>
    public BuildRequest Read()
    {
        var outputs = flags.All("output").Select(Output).ToList();
        return new BuildRequest
        {
            Context = Context(),
            File = flags.Last("file"),
            Tags = [.. flags.All("tag").Select(t => References.ImageReference.Parse(t).Full)],
            Target = flags.Last("target"),
            BuildArguments = BuildArguments(),
            Contexts = [.. flags.All("build-context").Select(c => Pair("build-context", c, "NAME=PATH"))],
            Labels = [.. flags.All("label").Select(Label)],
            Annotations = [.. flags.All("annotation").SelectMany(AnnotationFlags.Parse)],
            Platforms = Platforms.Parse(flags.Has("platform") ? flags.All("platform") : [variable("DOCKER_DEFAULT_PLATFORM") ?? ""]),
            Secrets = new SecretFlags(flags, variable).Read(),
            Ssh = [.. flags.All("ssh").Select(Ssh)],
            CacheFrom = [.. flags.All("cache-from").Where(c => c.Length > 0).Select(c => Typed("cache-from", c))],
            CacheTo = [.. flags.All("cache-to").Where(c => c.Length > 0).Select(c => Typed("cache-to", c))],
            NoCache = flags.IsSet("no-cache"),
            NoCacheStages = [.. flags.All("no-cache-filter").SelectMany(s => s.Split(',', StringSplitOptions.RemoveEmptyEntries))],
            Pull = flags.Last("pull") is { } pull && pull is not ("false" or "missing" or "never"),
            Outputs = outputs,
            Push = flags.IsSet("push"),
            Load = flags.IsSet("load"),
            Attestations = AttestationFlags.Read(flags),
            Hosts = [.. flags.All("add-host").Select(Host)],
            Network = flags.Last("network") is { } network and not ("default" or "") ? network : null,
            Entitlements = [.. flags.All("allow").SelectMany(a => a.Split(',', StringSplitOptions.RemoveEmptyEntries))],
            Ulimits = [.. flags.All("ulimit")],
            SharedMemory = flags.Last("shm-size") is { } size ? ByteSize.Parse("shm-size", size) : null,
            CgroupParent = flags.Last("cgroup-parent"),
            Builder = flags.Last("buildkit-host") ?? flags.Last("builder"),
            Insecure = flags.IsSet("insecure-registry"),
            Progress = Word("progress", flags.IsSet("quiet") ? "quiet" : variable("BUILDKIT_PROGRESS") is { Length: > 0 } p ? p : "auto", "auto", "plain", "tty", "rawjson", "quiet", "none"),
            MetadataFile = flags.Last("metadata-file"),
            IdFile = flags.Last("iidfile"),
            DotenvFile = flags.Last("dotenv"),
            CodeQualityFile = flags.Last("code-quality"),
            Call = Call(),
        };
    }

    private string Context() => flags.Operands switch
    {
        [var one] => one,
        [] => throw Wrong("which folder? The build context is missing: add \".\" for the current folder"),
        _ => throw Wrong($"one build context is expected, {flags.Operands.Count} are given: {string.Join(' ', flags.Operands)}. Is a value with a blank not in quotes?"),
    };

    private string Call()
    {
        var call = flags.IsSet("check") ? "check" : Word("call", "build", "build", "check", "lint", "outline", "targets");
        return call == "lint" ? "check" : call;
    }

    private string Word(string flag, string fallback, params string[] words)
    {
        var value = flags.Last(flag) ?? fallback;
        return words.Contains(value) ? value : throw Wrong($"--{flag} {value}: one of {string.Join(", ", words)} is expected");
    }

    private List<KeyValuePair<string, string>> BuildArguments()
    {
        List<KeyValuePair<string, string>> given = [.. flags.All("build-arg").Select(BuildArgument).OfType<KeyValuePair<string, string>>()];

        // As buildx does: the job's clock for builds that can be repeated.
        return variable(Epoch) is { Length: > 0 } epoch && !given.Exists(a => a.Key == Epoch) ? [KeyValuePair.Create(Epoch, epoch), .. given] : given;
    }

    // docker: NAME without a value takes the environment's, and is left out if there is none.
    private KeyValuePair<string, string>? BuildArgument(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? KeyValuePair.Create(text[..equals], text[(equals + 1)..])
            : equals == 0 ? throw Wrong($"--build-arg {text}: a name is missing before '='")
            : variable(text) is { } value ? KeyValuePair.Create(text, value) : null;
    }

    private static KeyValuePair<string, string> Label(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? KeyValuePair.Create(text, "") : KeyValuePair.Create(text[..equals], text[(equals + 1)..]);
    }

    private KeyValuePair<string, string> Pair(string flag, string text, string form)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? KeyValuePair.Create(text[..equals], text[(equals + 1)..]) : throw Wrong($"--{flag} {text}: {form} is expected");
    }

    // "name:ip", "name=ip", with IPv6 in brackets or bare.
    private KeyValuePair<string, string> Host(string text)
    {
        var at = text.AsSpan().IndexOfAny('=', ':');
        return at > 0 && at + 1 < text.Length ? KeyValuePair.Create(text[..at], text[(at + 1)..].Trim('[', ']')) : throw Wrong($"--add-host {text}: HOST:IP is expected");
    }

    private static SshRequest Ssh(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? new SshRequest(text, []) : new SshRequest(text[..equals], text[(equals + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries));
    }

    private TypedRequest Typed(string flag, string text)
    {
        if (!text.Contains('=', StringComparison.Ordinal))
        {
            return text == "inline" && flag == "cache-to" ? new TypedRequest("inline", new Dictionary<string, string>())
                : new TypedRequest("registry", new Dictionary<string, string> { ["ref"] = References.ImageReference.Parse(text).Full });
        }

        var fields = Fields(flag, text);
        if (!fields.Remove("type", out var type))
        {
            throw Wrong($"--{flag} {text}: type=… is missing (registry, inline, local, s3, gha, azblob)");
        }

        var needed = type switch { "registry" => "ref", "local" => flag == "cache-to" ? "dest" : "src", _ => null };
        return needed is null || fields.ContainsKey(needed) ? new TypedRequest(type, fields) : throw Wrong($"--{flag} {text}: type={type} needs {needed}=…");
    }

    private OutputRequest Output(string text)
    {
        if (!text.Contains('=', StringComparison.Ordinal))
        {
            return text == "-" ? new OutputRequest("tar", new Dictionary<string, string>(), "-") : new OutputRequest("local", new Dictionary<string, string>(), text);
        }

        var fields = Fields("output", text);
        if (!fields.Remove("type", out var type))
        {
            throw Wrong($"--output {text}: type=… is missing (image, registry, local, tar, oci, docker, cacheonly)");
        }

        if (fields.Remove("dest", out var destination) | fields.Remove("output", out var alias))
        {
            destination ??= alias;
        }

        if (type is "oci" or "docker" && fields.TryGetValue("tar", out var tar))
        {
            // The builder reads it as Go does; the client needs to know as well whether it gets a file or a folder.
            fields["tar"] = tar switch
            {
                "1" or "t" or "T" or "true" or "TRUE" or "True" => "true",
                "0" or "f" or "F" or "false" or "FALSE" or "False" => "false",
                _ => throw Wrong($"--output {text}: tar={tar} is neither true nor false"),
            };
        }

        return type switch
        {
            "registry" => new OutputRequest("image", new Dictionary<string, string>(fields) { ["push"] = "true" }, null),
            "image" or "cacheonly" => new OutputRequest(type, fields, null),
            "docker" when fields.GetValueOrDefault("tar") == "false" => throw Wrong($"--output {text}: an unpacked image is an OCI layout: write type=oci,dest=FOLDER,tar=false"),
            "local" or "tar" or "oci" when destination is null => throw Wrong($"--output {text}: dest=… is missing"),
            "docker" when destination is null => throw Wrong($"--output {text}: there is no docker engine to load the image into. Write it to a file with dest=FILE.tar, or push it"),
            "local" or "tar" or "oci" or "docker" => new OutputRequest(type, fields, destination),
            _ => throw Wrong($"--output {text}: type={type} is not known (image, registry, local, tar, oci, docker, cacheonly)"),
        };
    }

    private ImageException Wrong(string what) => flags.Wrong(what);
}

/// <summary>Sizes as docker takes them: 64m, 1g, plain bytes.</summary>
internal static class ByteSize
{
    public static long Parse(string flag, string text)
    {
        var number = text.TrimEnd('b', 'B', 'i');
        var factor = number.Length == 0 ? 0 : char.ToLowerInvariant(number[^1]) switch { 'k' => 1L << 10, 'm' => 1L << 20, 'g' => 1L << 30, _ => 1 };
        number = factor > 1 ? number[..^1] : number;
        return factor > 0 && decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            ? (long)(value * factor)
            : throw new ImageException($"--{flag} {text} is not a size. Write it like 64m or 1g.", ImageExit.Usage);
    }
}
