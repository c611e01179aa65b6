using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>Reads the files that may have changed, by several workers, and packs what is not known.</summary>
internal sealed class ContentReading(Beneath workspace, ContentIndex index, PackWriter packs, ItemRequest request)
{
    /// <summary>Files that a worker takes at once: neighbours are alike and compress well together.</summary>
    private const int Batch = 16;

    private const int RereadsOfChanging = 2;

    private readonly HashSet<byte[]> _changed = [];
    private readonly List<byte[]> _unreadable = [];
    private readonly List<byte[]> _torn = [];
    private readonly HashSet<SavedEntry> _toReread = [];
    private int _next;
    private long _bytes;

    /// <summary>Files that were written since the walk: saved as last read.</summary>
    public IReadOnlyCollection<byte[]> Changed => _changed;

    /// <summary>Files that were written at each try to read them: left out, for half a file is worse than none.</summary>
    public IReadOnlyCollection<byte[]> Torn => _torn;

    public IReadOnlyCollection<byte[]> Unreadable => _unreadable;

    public long BytesRead => _bytes;

    /// <summary>Gives each file its chunks.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or a pack cannot be stored.</exception>
    public void Run(IReadOnlyList<SavedEntry> files, CancellationToken cancel)
    {
        for (var tries = 0; files.Count > 0; tries++)
        {
            var pieces = Pieces(files);
            _next = 0;
            Threads.Run(Math.Min(request.Workers, Math.Max(1, pieces.Count)), () => Work(pieces, cancel));
            files = TakeToReread(tries);
        }
    }

    /// <summary>The large files whose pieces may be of different times, as they are now.</summary>
    private List<SavedEntry> TakeToReread(int tries)
    {
        var again = new List<SavedEntry>();
        foreach (var file in _toReread.Where(f => !f.IsLeftOut))
        {
            file.Chunks = [];
            try
            {
                var fd = FileReading.Open(workspace, file.Path);
                var now = FileReading.Stat(fd);
                _ = Libc.Close(fd);
                if (tries == RereadsOfChanging || !now.IsRegular)
                {
                    LeaveOutTorn(file);
                    continue;
                }

                Note(file, file.Stat, now);
                file.Stat = now;
                again.Add(file);
            }
            catch (FileCallException e)
            {
                LeaveOut(file, e);
            }
        }

        _toReread.Clear();
        return again;
    }

    private void Work(List<Piece> pieces, CancellationToken cancel)
    {
        using var frame = new FrameCompressor(index, packs, request.Level);
        while (true)
        {
            var from = Interlocked.Add(ref _next, Batch) - Batch;
            if (from >= pieces.Count)
            {
                break;
            }

            foreach (var piece in pieces.Skip(from).Take(Batch))
            {
                cancel.ThrowIfCancellationRequested();
                packs.Broken.ThrowIfCancellationRequested();
                try
                {
                    Read(piece, frame);
                }
                catch (FileCallException e)
                {
                    LeaveOut(piece.File, e);
                }
            }
        }

        frame.Flush();
    }

    private List<Piece> Pieces(IReadOnlyList<SavedEntry> files)
    {
        var pieces = new List<Piece>(files.Count);
        foreach (var file in files)
        {
            if (file.Stat is { HasHoles: false, Size: <= FrameCompressor.Capacity })
            {
                file.Chunks = new SavedChunk[1];
                pieces.Add(new Piece(file, 0, 0, (int)file.Stat.Size, IsWhole: true));
                continue;
            }

            try
            {
                var fd = FileReading.Open(workspace, file.Path);
                var parts = FileReading.Pieces(fd, file.Stat, FrameCompressor.Capacity).ToList();
                RequireUnchanged(file, fd);
                _ = Libc.Close(fd);
                file.Chunks = new SavedChunk[parts.Count];
                pieces.AddRange(parts.Select((p, i) => new Piece(file, i, p.Offset, p.Length, IsWhole: false)));
            }
            catch (FileCallException e)
            {
                LeaveOut(file, e);
            }
        }

        return pieces;
    }

    private void Read(Piece piece, FrameCompressor frame)
    {
        var fd = FileReading.Open(workspace, piece.File.Path);
        try
        {
            if (piece.IsWhole)
            {
                ReadWhole(piece.File, fd, frame);
            }
            else
            {
                ReadPiece(piece, fd, frame);
            }
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    private void ReadWhole(SavedEntry file, int fd, FrameCompressor frame)
    {
        var expected = file.Stat;
        for (var tries = 0; ; tries++)
        {
            var room = frame.Room((int)Math.Min(FrameCompressor.Capacity, expected.Size));
            var count = FileReading.Read(fd, room.Span, 0);
            var now = FileReading.Stat(fd);
            if (count == now.Size && (now.IsUnchangedSince(expected) || tries == RereadsOfChanging))
            {
                Interlocked.Add(ref _bytes, count);
                var digest = ContentDigest.Of(room.Span[..count]);
                file.Chunks = count == 0 ? [] : [new SavedChunk(0, count, digest, frame.Take(count, digest))];
                Note(file, file.Stat, now);
                file.Stat = now with { Size = count };
                return;
            }

            if (tries == RereadsOfChanging || now.Size > FrameCompressor.Capacity || !now.IsRegular)
            {
                // It grows faster than it can be read, or is another thing now.
                LeaveOutTorn(file);
                return;
            }

            expected = now;
        }
    }

    private void ReadPiece(Piece piece, int fd, FrameCompressor frame)
    {
        var room = frame.Room(piece.Length);
        var count = FileReading.Read(fd, room.Span, piece.Offset);
        Interlocked.Add(ref _bytes, count);
        var content = room.Span[..count];
        if (content.ContainsAnyExcept((byte)0))
        {
            var digest = ContentDigest.Of(content);
            piece.File.Chunks[piece.Slot] = new SavedChunk(piece.Offset, count, digest, frame.Take(count, digest));
        }

        RequireUnchanged(piece.File, fd);
    }

    // Pieces are read by several workers: they are one content only if nothing was written from before the first to after the last.
    private void RequireUnchanged(SavedEntry file, int fd)
    {
        if (!FileReading.Stat(fd).IsUnchangedSince(file.Stat))
        {
            lock (_changed)
            {
                _toReread.Add(file);
            }
        }
    }

    private void LeaveOutTorn(SavedEntry file)
    {
        file.IsLeftOut = true;
        lock (_changed)
        {
            _changed.Remove(file.Path);
            _torn.Add(file.Path);
        }
    }

    private void Note(SavedEntry file, in FileStat before, in FileStat now)
    {
        if (!now.IsUnchangedSince(before))
        {
            lock (_changed)
            {
                _changed.Add(file.Path);
            }
        }
    }

    private void LeaveOut(SavedEntry file, FileCallException e)
    {
        file.IsLeftOut = true;
        if (!e.IsGone)
        {
            lock (_changed)
            {
                _unreadable.Add(file.Path);
            }
        }
    }

    /// <param name="Slot">Which of the file's chunks it gives.</param>
    /// <param name="IsWhole">A small file; else a piece of a large one.</param>
    private readonly record struct Piece(SavedEntry File, int Slot, long Offset, int Length, bool IsWhole);
}
