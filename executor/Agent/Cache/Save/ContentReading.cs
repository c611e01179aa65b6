using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>Reads the files that may have changed, by several workers, and packs what is not known.</summary>
internal sealed class ContentReading(Beneath workspace, ContentIndex index, PackWriter packs, ItemRequest request)
{
    /// <summary>Files that a worker takes at once: neighbours are alike and compress well together.</summary>
    private const int Batch = 16;

    private const int RereadsOfChanging = 2;

    private readonly List<byte[]> _changed = [];
    private readonly List<byte[]> _unreadable = [];
    private int _next;
    private long _bytes;

    /// <summary>Files that were written while they were read: saved as last read.</summary>
    public IReadOnlyCollection<byte[]> Changed => _changed;

    public IReadOnlyCollection<byte[]> Unreadable => _unreadable;

    public long BytesRead => _bytes;

    /// <summary>Gives each file its chunks.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or a pack cannot be stored.</exception>
    public void Run(IReadOnlyList<SavedEntry> files, CancellationToken cancel)
    {
        var pieces = Pieces(files);
        _next = 0;
        Threads.Run(Math.Min(request.Workers, Math.Max(1, pieces.Count)), () => Work(pieces, cancel));
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
                // It grows faster than it can be read, or is another thing now: half a file is worse than none.
                Note(file, file.Stat, now);
                file.IsLeftOut = true;
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

        Note(piece.File, piece.File.Stat, FileReading.Stat(fd));
    }

    private void Note(SavedEntry file, in FileStat before, in FileStat now)
    {
        if (!now.IsUnchangedSince(before))
        {
            lock (_changed)
            {
                if (_changed.LastOrDefault() != file.Path)
                {
                    _changed.Add(file.Path);
                }
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
