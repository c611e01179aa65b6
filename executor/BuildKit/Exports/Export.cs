namespace PodExecutor.BuildKit;

/// <summary>One place where the result of a build goes.</summary>
public sealed record Export
{
    private Export(string type, IReadOnlyDictionary<string, string>? attributes)
    {
        Type = type;
        Attributes = attributes ?? new Dictionary<string, string>();
    }

    /// <summary>BuildKit's name: "image", "oci", "docker", "tar", "local", "moby".</summary>
    public string Type { get; }

    public IReadOnlyDictionary<string, string> Attributes { get; init; }

    /// <summary>The folder that the files of a "local" export, or the blobs of an unpacked OCI layout, are written to.</summary>
    public string? Directory { get; private init; }

    /// <summary>Opens the file of a "tar", "oci" or "docker" export. Called once, when the daemon begins to send.</summary>
    public Func<CancellationToken, ValueTask<Stream>>? OpenFile { get; private init; }

    /// <summary>Into the daemon's image store and, with <paramref name="push"/>, into registries.</summary>
    /// <param name="name">A reference, or several separated by commas.</param>
    public static Export Image(string name, bool push = false, IReadOnlyDictionary<string, string>? attributes = null)
    {
        var all = Merge(attributes, ("name", name));
        if (push)
        {
            all["push"] = "true";
        }

        return new Export("image", all);
    }

    /// <summary>An OCI archive, for skopeo, podman and other daemons.</summary>
    public static Export OciArchive(string path, IReadOnlyDictionary<string, string>? attributes = null) => ToFile("oci", path, attributes);

    /// <summary>An archive that <c>docker load</c> reads. One platform only.</summary>
    public static Export DockerArchive(string path, IReadOnlyDictionary<string, string>? attributes = null) => ToFile("docker", path, attributes);

    /// <summary>The root file system as a tar file.</summary>
    public static Export Tar(string path, IReadOnlyDictionary<string, string>? attributes = null) => ToFile("tar", path, attributes);

    /// <summary>The root file system as files in a folder; with several platforms, one folder each.</summary>
    public static Export Local(string directory, IReadOnlyDictionary<string, string>? attributes = null) =>
        new("local", attributes) { Directory = directory };

    /// <summary>An OCI layout in a folder, whose blobs come one by one; what is there already is not sent again.</summary>
    public static Export OciLayout(string directory, IReadOnlyDictionary<string, string>? attributes = null) =>
        new("oci", Merge(attributes, ("tar", "false"))) { Directory = directory };

    /// <summary>A "tar", "oci" or "docker" export into a stream, such as stdout. The client disposes the stream.</summary>
    public static Export ToStream(string type, Func<CancellationToken, ValueTask<Stream>> open, IReadOnlyDictionary<string, string>? attributes = null) =>
        new(type, attributes) { OpenFile = open };

    /// <summary>Any other exporter of the daemon; nothing comes back to the client.</summary>
    public static Export InDaemon(string type, IReadOnlyDictionary<string, string>? attributes = null) => new(type, attributes);

    private static Export ToFile(string type, string path, IReadOnlyDictionary<string, string>? attributes) =>
        new(type, attributes) { OpenFile = _ => ValueTask.FromResult<Stream>(new ReplacingFileStream(path)) };

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string>? attributes, (string Key, string Value) first)
    {
        var all = attributes is null ? [] : new Dictionary<string, string>(attributes);
        all[first.Key] = first.Value;
        return all;
    }
}
