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
        var outputs = new OutputFlags(flags);
        return new BuildRequest
        {
            Context = Context(),
            File = flags.Last("file") is { Length: > 0 } file ? file : null,
            Tags = [.. (flags.Has("tag") ? flags.All("tag") : outputs.Names).Select(Tag)],
            Target = flags.Last("target"),
            BuildArguments = BuildArguments(),
            Contexts = flags.All("build-context").Select(c => Pair("build-context", c, "NAME=PATH")).LastOfEach(c => c.Key),
            Labels = [.. flags.All("label").Select(Label)],
            Annotations = [.. flags.All("annotation").SelectMany(AnnotationFlags.Parse)],
            Platforms = Platforms.Parse(flags.Has("platform") ? flags.All("platform") : [variable("DOCKER_DEFAULT_PLATFORM") ?? ""]),
            Secrets = new SecretFlags(flags, variable).Read(),
            Ssh = flags.All("ssh").Select(Ssh).LastOfEach(s => s.Id),
            CacheFrom = CacheFlags.Read(flags, "cache-from"),
            CacheTo = CacheFlags.Read(flags, "cache-to"),
            NoCache = flags.IsSet("no-cache"),
            NoCacheStages = [.. flags.All("no-cache-filter").SelectMany(s => s.Split(',', StringSplitOptions.RemoveEmptyEntries))],
            Pull = flags.Last("pull") is { } pull && pull is not ("false" or "missing" or "never"),
            Outputs = outputs.Requests,
            Push = flags.IsSet("push"),
            Load = flags.IsSet("load") || outputs.Load,
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

        // Not which: they may be the words of a secret.
        _ => throw Wrong($"one build context is expected, {flags.Operands.Count} are given. Is a value with blanks not in quotes? Write --build-arg \"NAME=$VALUE\""),
    };

    private static string Tag(string text)
    {
        var name = References.ImageReference.Parse(text);
        return name.Digest is null ? name.Full
            : throw new ImageException($"-t {text}: refusing to create a tag with a digest reference: the digest of an image is what the build makes. Write -t {name.Familiar}:TAG.", ImageExit.Usage);
    }

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
        return factor > 0 && decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value <= long.MaxValue / factor
            ? (long)(value * factor)
            : throw new ImageException($"--{flag} {text} is not a size. Write it like 64m or 1g.", ImageExit.Usage);
    }
}
