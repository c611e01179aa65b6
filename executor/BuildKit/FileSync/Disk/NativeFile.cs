using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PodExecutor.BuildKit.FileSync.Disk;

/// <summary>The system calls by which files are known exactly: nanoseconds, inodes, links and modes, which .NET does not show.</summary>
internal static unsafe partial class NativeFile
{
    public const int NoEntry = 2;
    public const int AccessDenied = 13;
    public const int NotDirectory = 20;

    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;

    /// <summary>Itself, not what a link leads to; null if there is no such name.</summary>
    /// <exception cref="LocalFileException">It cannot be looked at.</exception>
    public static FileStat? Stat(string path)
    {
        const uint basicStats = 0x7ff;
        var buffer = stackalloc byte[FileStat.StatxSize];
        if (Statx(CurrentDirectory, path, NoFollow, basicStats, buffer) == 0)
        {
            return FileStat.FromStatx(buffer);
        }

        var error = Marshal.GetLastPInvokeError();
        return error is NoEntry or NotDirectory ? null : throw Failure(path, "cannot be looked at", error);
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>null if it is none, or has gone.</summary>
    /// <exception cref="LocalFileException">It leads to a name that is not UTF-8.</exception>
    public static string? ReadLink(string path)
    {
        const int longestPath = 4096;
        var buffer = stackalloc byte[longestPath];
        var length = ReadLink(path, buffer, longestPath);
        try
        {
            return length < 0 ? null : StrictUtf8.GetString(buffer, (int)length);
        }
        catch (DecoderFallbackException error)
        {
            throw new LocalFileException(path, $"The link {path} leads to a name that is not UTF-8, and BuildKit takes no other. Exclude it in .dockerignore if the build does not need it.", error);
        }
    }

    /// <summary>For reading; a link is not followed and a pipe not waited for. null if it has gone, or nothing can be read of such a file.</summary>
    /// <exception cref="LocalFileException">It cannot be opened.</exception>
    public static SafeFileHandle? OpenRead(string path)
    {
        const int readNoFollowNoBlockCloseOnExec = 0x80000 | 0x800;
        const int noDevice = 6;        // a socket
        const int tooManyLinks = 40;   // a link, with "no follow"
        var noFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;
        var fd = Open(path, readNoFollowNoBlockCloseOnExec | noFollow, 0);
        if (fd >= 0)
        {
            return new SafeFileHandle(fd, ownsHandle: true);
        }

        var error = Marshal.GetLastPInvokeError();
        return error is NoEntry or NotDirectory or noDevice or tooManyLinks ? null : throw Failure(path, "cannot be read", error);
    }

    /// <returns>0 at the end of the file.</returns>
    /// <exception cref="LocalFileException">It cannot be read.</exception>
    public static int Read(SafeFileHandle file, Span<byte> buffer, string path)
    {
        const int interrupted = 4;
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var count = Read(file, start, buffer.Length);
                if (count >= 0)
                {
                    return (int)count;
                }

                var error = Marshal.GetLastPInvokeError();
                if (error != interrupted)
                {
                    throw Failure(path, "cannot be read", error);
                }
            }
        }
    }

    public static LocalFileException Failure(string path, string what, int error) =>
        new(path, $"{path} {what}: {Marshal.GetPInvokeErrorMessage(error)}");

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Statx(int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "readlink", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint ReadLink(string path, byte* buffer, nint size);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle fd, byte* buffer, nint count);
}
