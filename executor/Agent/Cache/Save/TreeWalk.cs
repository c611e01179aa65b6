using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>What a walk found.</summary>
/// <param name="Entries">By ascending bytes of their paths, each path once.</param>
/// <param name="Special">Sockets, pipes, devices: nothing that can be saved.</param>
internal sealed record WalkOutcome(List<SavedEntry> Entries, List<byte[]> Special, List<byte[]> Unreadable);

/// <summary>Reads trees of names by several threads, without following any link.</summary>
internal sealed class TreeWalk(Beneath workspace, int workers)
{
    private readonly Stack<byte[]> _open = new();
    private readonly List<SavedEntry> _found = [];
    private readonly List<byte[]> _special = [];
    private readonly List<byte[]> _unreadable = [];
    private int _busy;
    private int _waiting;
    private bool _isOver;

    /// <param name="tops">Paths; those that do not exist are passed over, and an empty one is the workspace itself.</param>
    public WalkOutcome Run(IEnumerable<byte[]> tops, CancellationToken cancel)
    {
        foreach (var top in tops)
        {
            if (top.Length == 0)
            {
                _open.Push(top);
            }
            else if (workspace.Stat(top) is { } stat)
            {
                Sort(top, stat, _found, _special, _open);
            }
        }

        _busy = workers;
        using var waking = cancel.UnsafeRegister(_ => End(), null);
        Threads.Run(workers, () => Work(cancel));
        cancel.ThrowIfCancellationRequested();
        _found.Sort((a, b) => a.Path.AsSpan().SequenceCompareTo(b.Path));
        var entries = new List<SavedEntry>(_found.Count);
        foreach (var entry in _found)
        {
            if (entries.Count == 0 || !entries[^1].Path.AsSpan().SequenceEqual(entry.Path))
            {
                entries.Add(entry);
            }
        }

        MarkHardLinks(entries);
        return new WalkOutcome(entries, _special, _unreadable);
    }

    private static void Sort(byte[] path, in FileStat stat, List<SavedEntry> found, List<byte[]> special, Stack<byte[]> open)
    {
        if (stat is { IsDirectory: false, IsRegular: false, IsLink: false })
        {
            special.Add(path);
            return;
        }

        found.Add(new SavedEntry(path, stat));
        if (stat.IsDirectory)
        {
            open.Push(path);
        }
    }

    // The first name stands for the file; the others link to it.
    private static void MarkHardLinks(List<SavedEntry> entries)
    {
        var first = new Dictionary<(ulong, ulong), byte[]>();
        foreach (var entry in entries.Where(e => e.Stat is { IsRegular: true, Links: > 1 }))
        {
            if (!first.TryAdd((entry.Stat.Device, entry.Stat.Inode), entry.Path))
            {
                entry.Target = first[(entry.Stat.Device, entry.Stat.Inode)];
            }
        }
    }

    private void Work(CancellationToken cancel)
    {
        var found = new List<SavedEntry>();
        var special = new List<byte[]>();
        var children = new Stack<byte[]>();
        var isDone = false;
        try
        {
            while (!cancel.IsCancellationRequested && Next(children) is { } directory)
            {
                try
                {
                    Read(directory, found, special, children);
                }
                catch (FileCallException e)
                {
                    Unreadable(directory, e);
                }
            }

            isDone = !cancel.IsCancellationRequested;
        }
        finally
        {
            // A worker that fails or is cancelled leaves directories behind that the others would wait for.
            if (!isDone)
            {
                End();
            }
        }

        lock (_open)
        {
            _found.AddRange(found);
            _special.AddRange(special);
        }
    }

    private void End()
    {
        lock (_open)
        {
            _isOver = true;
            Monitor.PulseAll(_open);
        }
    }

    // A worker goes on with its own directories, which keeps neighbours together, and gives away all but one when others have none.
    private byte[]? Next(Stack<byte[]> children)
    {
        if (children.Count > 0 && (children.Count == 1 || Volatile.Read(ref _waiting) == 0))
        {
            return children.Pop();
        }

        lock (_open)
        {
            while (children.Count > 1)
            {
                _open.Push(children.Pop());
            }

            Monitor.PulseAll(_open);
            if (children.TryPop(out var own))
            {
                return own;
            }

            _busy--;
            _waiting++;
            while (_open.Count == 0 && _busy > 0 && !_isOver)
            {
                Monitor.Wait(_open);
            }

            _waiting--;
            _busy++;
            return !_isOver && _open.TryPop(out var next) ? next : Done();
        }
    }

    private byte[]? Done()
    {
        _busy--;
        Monitor.PulseAll(_open);
        return null;
    }

    private void Read(byte[] directory, List<SavedEntry> found, List<byte[]> special, Stack<byte[]> children)
    {
        var fd = workspace.OpenFile(directory, FileCalls.ReadOnly | FileCalls.IsDirectory);
        try
        {
            foreach (var name in DirectoryNames.Of(fd))
            {
                if (directory.Length == 0 && StageName.Is(name))
                {
                    continue;
                }

                if (Stat(fd, name) is { } stat)
                {
                    Sort(directory.Length == 0 ? name : [.. directory, (byte)'/', .. name], stat, found, special, children);
                }
            }
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    private static unsafe FileStat? Stat(int directory, byte[] name)
    {
        var buffer = stackalloc byte[FileStat.Length];
        var terminated = stackalloc byte[name.Length + 1];
        name.CopyTo(new Span<byte>(terminated, name.Length));
        terminated[name.Length] = 0;
        return FileCalls.Statx(directory, terminated, FileCalls.SymlinkNoFollow, FileStat.Wanted, buffer) == 0 ? FileStat.Read(buffer) : null;
    }

    private void Unreadable(byte[] directory, FileCallException e)
    {
        if (!e.IsGone)
        {
            lock (_open)
            {
                _unreadable.Add(directory);
            }
        }
    }
}
