using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>
/// Moves a finished tree into the workspace: whole directories where there is none yet, else name by name. What was there gives way, as
/// when the runner unpacks; what is not in the tree stays. If anything is in the way, all is moved back.
/// </summary>
/// <param name="stage">Takes what gave way, until it is certain.</param>
/// <param name="made">The finished tree.</param>
internal sealed class Placement(Beneath workspace, Beneath stage, Beneath made)
{
    private readonly Stack<(byte[] Path, byte[]? Before)> _moved = new();
    private int _number;

    /// <summary>Files and links that were moved by themselves, not with their directory; Latin-1.</summary>
    public HashSet<string> MovedNames { get; } = new(StringComparer.Ordinal);

    /// <exception cref="CacheRefusedException">A directory is where a file must go, or the reverse, or a mount is.</exception>
    /// <exception cref="FileCallException">The workspace is not writable there.</exception>
    public void Run()
    {
        try
        {
            stage.MakeDirectory("old"u8, 0x1C0);
            Merge([]);
        }
        catch
        {
            Undo();
            throw;
        }
    }

    private void Merge(byte[] directory)
    {
        var fd = made.OpenFile(directory, FileCalls.ReadOnly | FileCalls.IsDirectory);
        var names = DirectoryNames.Of(fd);
        _ = Libc.Close(fd);
        foreach (var name in names)
        {
            var path = directory.Length == 0 ? name : (byte[])[.. directory, (byte)'/', .. name];
            var (ours, theirs) = (made.Stat(path), workspace.Stat(path));
            switch (ours?.IsDirectory, theirs?.IsDirectory)
            {
                case (_, null):
                    Move(path, null);
                    break;
                case (true, true):
                    Merge(path);
                    break;
                case (false, false):
                    var before = Aside(path);
                    Move(path, before);
                    break;
                default:
                    throw new CacheRefusedException(
                        $"{PathText.Decode(path)} is {Kind(theirs)} in the build directory and {Kind(ours)} in the cache. Remove it from one of them.");
            }
        }
    }

    private void Move(byte[] path, byte[]? before)
    {
        try
        {
            made.MoveTo(path, workspace, path);
            _moved.Push((path, before));
            MovedNames.Add(System.Text.Encoding.Latin1.GetString(path));
        }
        catch (FileCallException e)
        {
            Back(before, path);
            throw e.Errno == FileCalls.OtherDevice
                ? new CacheRefusedException($"{PathText.Decode(path)} is on another volume than the build directory, so the cache cannot be moved there whole.")
                : e;
        }
    }

    private byte[] Aside(byte[] path)
    {
        byte[] before = [.. "old/"u8, .. System.Text.Encoding.ASCII.GetBytes($"{_number++}")];
        workspace.MoveTo(path, stage, before);
        return before;
    }

    private void Undo()
    {
        while (_moved.TryPop(out var move))
        {
            try
            {
                workspace.MoveTo(move.Path, made, move.Path);
            }
            catch (FileCallException)
            {
                // Somebody else has taken it away meanwhile: there is nothing to undo.
            }

            Back(move.Before, move.Path);
        }
    }

    private void Back(byte[]? before, byte[] path)
    {
        if (before is not null)
        {
            stage.MoveTo(before, workspace, path);
        }
    }

    private static string Kind(FileStat? stat) => stat switch
    {
        { IsDirectory: true } => "a directory",
        { IsLink: true } => "a link",
        _ => "a file",
    };
}
