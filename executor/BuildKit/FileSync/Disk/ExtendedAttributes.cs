using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace PodExecutor.BuildKit.FileSync.Disk;

/// <summary>A file's extended attributes: capabilities, ACLs, SELinux labels. Where there are none, or the file system knows none, nothing happens.</summary>
internal static unsafe partial class ExtendedAttributes
{
    private const int MaxSize = 64 * 1024;   // XATTR_LIST_MAX and XATTR_SIZE_MAX of linux/limits.h

    public static void Read(string path, MapField<string, ByteString> into)
    {
        const int usual = 1024;
        var names = stackalloc byte[usual];
        var length = List(path, names, usual);
        if (length > 0)
        {
            ReadAll(path, Encoding.UTF8.GetString(names, (int)length), into);
        }
        else if (length < 0 && Marshal.GetLastPInvokeError() == OutOfRange)
        {
            var large = new byte[MaxSize];
            fixed (byte* start = large)
            {
                length = List(path, start, MaxSize);
                ReadAll(path, Encoding.UTF8.GetString(large, 0, (int)Math.Max(0, length)), into);
            }
        }
    }

    /// <summary>As far as the file system and the user's rights allow.</summary>
    public static void Write(string path, MapField<string, ByteString> attributes)
    {
        foreach (var (name, value) in attributes)
        {
            fixed (byte* start = value.Span)
            {
                _ = Set(path, name, start, value.Length, 0);
            }
        }
    }

    private const int OutOfRange = 34;

    private static void ReadAll(string path, string names, MapField<string, ByteString> into)
    {
        // Rented: with SELinux every file has one.
        var buffer = ArrayPool<byte>.Shared.Rent(MaxSize);
        foreach (var name in names.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            fixed (byte* start = buffer)
            {
                var length = Get(path, name, start, MaxSize);
                if (length >= 0 && !name.StartsWith("com.apple.", StringComparison.Ordinal))
                {
                    into[name] = ByteString.CopyFrom(buffer, 0, (int)length);
                }
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    [LibraryImport("libc", EntryPoint = "llistxattr", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint List(string path, byte* names, nint size);

    [LibraryImport("libc", EntryPoint = "lgetxattr", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint Get(string path, string name, byte* value, nint size);

    [LibraryImport("libc", EntryPoint = "lsetxattr", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Set(string path, string name, byte* value, nint size, int flags);
}
