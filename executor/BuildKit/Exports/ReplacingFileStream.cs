namespace PodExecutor.BuildKit;

/// <summary>
/// A file that appears under its name only when it is whole: written beside it, moved there by <see cref="Complete"/>, removed if it never came to that.
/// </summary>
internal sealed class ReplacingFileStream : FileStream
{
    private readonly string _path;

    private readonly string _partPath;

    private bool _completed;

    public ReplacingFileStream(string path)
        : this(path, $"{path}.{Guid.NewGuid():N}.part")
    {
    }

    private ReplacingFileStream(string path, string partPath)
        : base(partPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: false)
    {
        _path = path;
        _partPath = partPath;
    }

    /// <summary>Closes the file and gives it its name.</summary>
    public void Complete()
    {
        _completed = true;
        Dispose();
        File.Move(_partPath, _path, overwrite: true);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!_completed && disposing)
        {
            File.Delete(_partPath);
        }
    }
}
