namespace PodExecutor.BuildKit;

/// <summary>
/// A folder in which a build takes down what it tells a daemon of its files. A later build of the same request, with <see cref="Replays"/>, tells the daemon the
/// same, although files have come, gone or changed since: a daemon that still has them from the first build asks for none, and finds all of its cache.
/// </summary>
/// <param name="Folder">Made if it is not there; of one build alone.</param>
public sealed record SyncRecord(string Folder)
{
    public const int DefaultCopies = 1000;

    /// <summary>
    /// Tell what is recorded instead of what is there. A file that the daemon asks for is sent if it has not changed since, or if the record has a copy of it; else, and if
    /// the daemon wants of a folder what it did not want then, the build fails with a <see cref="SyncRecordException"/>.
    /// </summary>
    public bool Replays { get; init; }

    /// <summary>Bytes: larger files are not copied into the record.</summary>
    public long LargestCopy { get; init; } = 1 << 20;

    /// <summary>Bytes of all copies of one transfer.</summary>
    public long MaxCopies { get; init; } = 16 << 20;

    /// <summary>Copies of one transfer.</summary>
    public int MostCopies { get; init; } = DefaultCopies;

    internal string Of(FileSync.Send.SyncRequest request) => Path.Combine(Folder, request.Identity);
}
