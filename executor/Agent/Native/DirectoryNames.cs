namespace PodExecutor.Agent.Native;

/// <summary>The names in a directory, as bytes: .NET loses those that are not UTF-8.</summary>
internal static unsafe class DirectoryNames
{
    private const int BufferSize = 32 * 1024;

    /// <summary>Without "." and "..", in the file system's order.</summary>
    /// <exception cref="FileCallException">It cannot be opened or read.</exception>
    public static List<byte[]> Of(string absolute)
    {
        using var directory = Beneath.Open(absolute);
        var fd = directory.OpenFile([], FileCalls.ReadOnly | FileCalls.IsDirectory);
        try
        {
            return Of(fd);
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    /// <param name="fd">Open for reading; stays open.</param>
    public static List<byte[]> Of(int fd)
    {
        var names = new List<byte[]>();
        var buffer = stackalloc byte[BufferSize];
        while (true)
        {
            var count = FileCalls.ReadDirectory(fd, buffer, BufferSize);
            if (count < 0)
            {
                throw FileCallException.Last("The directory cannot be read");
            }

            if (count == 0)
            {
                return names;
            }

            // struct linux_dirent64: d_reclen at 16, d_name at 19.
            for (var at = 0; at < count; at += *(ushort*)(buffer + at + 16))
            {
                var name = System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer + at + 19);
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                {
                    names.Add(name.ToArray());
                }
            }
        }
    }
}
