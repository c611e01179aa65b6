using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>--output: <c>type=TYPE,dest=PLACE,KEY=VALUE…</c>, a folder, or "-".</summary>
internal sealed class OutputFlags
{
    public const string Stdout = "-";

    private readonly ParsedFlags _flags;

    /// <exception cref="ImageException">A value is wrong.</exception>
    public OutputFlags(ParsedFlags flags)
    {
        _flags = flags;
        var all = flags.All("output").Where(o => o.Length > 0).Select(One).ToList();
        Requests = [.. all.Where(o => !IsLoad(o))];
        Load = all.Exists(IsLoad);
        Names = [.. all.Where(IsLoad).SelectMany(o => o.Attributes.GetValueOrDefault("name")?.Split(',') ?? [])];
        if (all.Count(o => o.Destination == Stdout) > 1)
        {
            throw flags.Wrong("--output: only one of them can go to stdout. Give the others dest=FILE");
        }
    }

    public IReadOnlyList<OutputRequest> Requests { get; }

    /// <summary>One of them is the engine's image store: "type=docker" without a file.</summary>
    public bool Load { get; }

    /// <summary>The image's names by that one, where no --tag names it.</summary>
    public IReadOnlyList<string> Names { get; }

    private static bool IsLoad(OutputRequest output) => output is { Type: "docker", Destination: null };

    private OutputRequest One(string text)
    {
        if (!text.Contains('=', StringComparison.Ordinal))
        {
            return text == Stdout ? new OutputRequest("tar", new Dictionary<string, string>(), Stdout) : new OutputRequest("local", new Dictionary<string, string>(), text);
        }

        var fields = _flags.Fields("output", text);
        if (!fields.Remove("type", out var type))
        {
            throw _flags.Wrong($"--output {text}: type=… is missing (image, registry, local, tar, oci, docker, cacheonly)");
        }

        if (fields.Remove("dest", out var destination) | fields.Remove("output", out var alias))
        {
            destination ??= alias;
            destination = destination is { Length: > 0 } ? destination : null;
        }

        if (type is "oci" or "docker" && fields.TryGetValue("tar", out var tar))
        {
            // The builder reads it as Go does; the client needs to know as well whether it gets a file or a folder.
            fields["tar"] = GoBoolean.IsTrue(tar) ? "true" : GoBoolean.IsFalse(tar) ? "false" : throw _flags.Wrong($"--output {text}: tar={tar} is neither true nor false");
        }

        return type switch
        {
            "registry" => new OutputRequest("image", new Dictionary<string, string>(fields) { ["push"] = "true" }, null),
            "image" or "cacheonly" => new OutputRequest(type, fields, null),
            "docker" when fields.GetValueOrDefault("tar") == "false" => throw _flags.Wrong($"--output {text}: an unpacked image is an OCI layout: write type=oci,dest=FOLDER,tar=false"),
            "local" when destination is null or Stdout => throw _flags.Wrong($"--output {text}: a folder is expected: dest=FOLDER"),
            "oci" when destination is null or Stdout && fields.GetValueOrDefault("tar") == "false" => throw _flags.Wrong($"--output {text}: an unpacked image needs a folder: dest=FOLDER"),
            "tar" or "oci" => new OutputRequest(type, fields, destination ?? Stdout),

            // --load by another name.
            "docker" when destination is null => new OutputRequest(type, fields, null),
            "local" or "docker" => new OutputRequest(type, fields, destination),
            _ => throw _flags.Wrong($"--output {text}: type={type} is not known (image, registry, local, tar, oci, docker, cacheonly)"),
        };
    }
}
