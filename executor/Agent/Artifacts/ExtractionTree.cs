using PodExecutor.Agent.Paths;

namespace PodExecutor.Agent.Artifacts;

/// <summary>
/// Writes below one directory and nowhere else. Links that were there before (from the repository, from another archive) are
/// followed only while they stay inside.
/// </summary>
/// <param name="root">Absolute.</param>
internal sealed class ExtractionTree(string root)
{
    private readonly string _realRoot = RealPath.Of(root) ?? root;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>Makes the directory and its parents where they are missing.</summary>
    /// <exception cref="ArtifactException">Something else is in its place, or a link that leads out.</exception>
    public void Directory(string path)
    {
        for (var end = path.IndexOf('/', StringComparison.Ordinal); ; end = path.IndexOf('/', end + 1))
        {
            var part = end < 0 ? path : path[..end];
            if (part.Length > 0 && _known.Add(part))
            {
                Enter(part);
            }

            if (end < 0)
            {
                return;
            }
        }
    }

    /// <param name="write">Fills the file; what it throws leaves no file behind.</param>
    public async Task FileAsync(string path, UnixFileMode permissions, DateTime modifiedUtc, Func<Stream, Task> write)
    {
        var target = Clear(path);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        try
        {
            await using var file = new FileStream(target, options);
            await write(file);
            File.SetUnixFileMode(file.SafeFileHandle, permissions);
            File.SetLastWriteTimeUtc(file.SafeFileHandle, modifiedUtc);
        }
        catch
        {
            File.Delete(target);
            throw;
        }
    }

    public void Link(string path, string target) => File.CreateSymbolicLink(Clear(path), target);

    /// <summary>Gives a directory what the archive says of it, if it is this user's.</summary>
    public void Finish(string path, UnixFileMode permissions, DateTime modifiedUtc)
    {
        try
        {
            File.SetUnixFileMode(Absolute(path), permissions);
            System.IO.Directory.SetLastWriteTimeUtc(Absolute(path), modifiedUtc);
        }
        catch (UnauthorizedAccessException)
        {
            // It was there before and belongs to another user; its contents could be written.
        }
    }

    // Makes room for a new name, so that it is never written through an old link or into a file with other names.
    private string Clear(string path)
    {
        Directory(Path.GetDirectoryName(path) ?? "");
        if (FileStatus.Of(Absolute(path)) is { IsDirectory: true })
        {
            throw Refusal(path, "a directory is in its place. Remove that before the artifacts are downloaded");
        }

        File.Delete(Absolute(path));
        return Absolute(path);
    }

    private void Enter(string path)
    {
        switch (FileStatus.Of(Absolute(path)))
        {
            case null:
                System.IO.Directory.CreateDirectory(Absolute(path));
                break;
            case { IsDirectory: true }:
                break;
            case { IsLink: true } when RealPath.Of(Absolute(path)) is { } real && RealPath.IsWithin(real, _realRoot) && FileStatus.Of(real) is { IsDirectory: true }:
                break;
            case { IsLink: true }:
                throw Refusal(path, "a link that leads out of the build directory, or nowhere, is in its place");
            default:
                throw Refusal(path, "a file is in its place. Remove that before the artifacts are downloaded");
        }
    }

    private string Absolute(string path) => root + "/" + path;

    private static ArtifactException Refusal(string path, string reason) =>
        new($"{path} of the artifacts cannot be unpacked: {reason}.");
}
