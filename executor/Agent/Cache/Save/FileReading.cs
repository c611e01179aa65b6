using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>Reads files below the workspace.</summary>
internal static unsafe class FileReading
{
    /// <summary>Non-blocking: what was a file may have become a pipe.</summary>
    public static int Open(Beneath workspace, byte[] path) => workspace.OpenFile(path, FileCalls.ReadOnly | FileCalls.NonBlocking);

    public static FileStat Stat(int fd)
    {
        var buffer = stackalloc byte[FileStat.Length];
        var nothing = stackalloc byte[] { 0 };
        return FileCalls.Statx(fd, nothing, FileCalls.EmptyPath, FileStat.Wanted, buffer) == 0 ? FileStat.Read(buffer) : throw FileCallException.Last("statx");
    }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    public static int Read(int fd, Span<byte> into, long offset)
    {
        var total = 0;
        fixed (byte* buffer = into)
        {
            while (total < into.Length)
            {
                var count = FileCalls.ReadAt(fd, buffer + total, into.Length - total, offset + total);
                if (count == 0)
                {
                    break;
                }

                if (count < 0)
                {
                    var errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
                    if (errno == Libc.Interrupted)
                    {
                        continue;
                    }

                    throw new FileCallException("cannot read", errno);
                }

                total += (int)count;
            }
        }

        return total;
    }

    /// <summary>The parts of a file that are no holes, in pieces of at most so many bytes at multiples of it.</summary>
    public static IEnumerable<(long Offset, int Length)> Pieces(int fd, in FileStat stat, int most)
    {
        var size = stat.Size;
        return stat.HasHoles ? Extents(fd, size).SelectMany(e => Cut(e.From, e.To, most)) : Cut(0, size, most);
    }

    private static IEnumerable<(long From, long To)> Extents(int fd, long size)
    {
        for (long at = 0; at < size;)
        {
            var data = FileCalls.Seek(fd, at, FileCalls.SeekData);
            if (data < 0 && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == FileCalls.NoData)
            {
                yield break;
            }

            // A file system that cannot tell holes: all of it is data.
            var hole = data < 0 ? size : FileCalls.Seek(fd, data, FileCalls.SeekHole);
            data = data < 0 ? at : data;
            hole = hole < 0 ? size : Math.Min(hole, size);
            if (hole > data)
            {
                yield return (data, hole);
            }

            at = Math.Max(hole, at + 1);
        }
    }

    private static IEnumerable<(long, int)> Cut(long from, long to, int most)
    {
        for (var at = from; at < to;)
        {
            var end = Math.Min(to, ((at / most) + 1) * most);
            yield return (at, (int)(end - at));
            at = end;
        }
    }
}
