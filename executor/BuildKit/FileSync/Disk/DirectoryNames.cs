using System.IO.Enumeration;

namespace PodExecutor.BuildKit.FileSync.Disk;

/// <summary>The names in a folder, in the order in which they are sent.</summary>
internal static class DirectoryNames
{
    private static readonly EnumerationOptions Options = new() { AttributesToSkip = 0, IgnoreInaccessible = false, ReturnSpecialDirectories = false };

    /// <exception cref="IOException">The folder cannot be read, or is none.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be read.</exception>
    public static string[] Of(string folder)
    {
        string[] names = [.. new FileSystemEnumerable<string>(folder, (ref entry) => entry.FileName.ToString(), Options)];
        Array.Sort(names, CompareByUtf8);
        return names;
    }

    /// <summary>Whether a name that <see cref="Of"/> has told is that of a folder, for names that no system call can be asked of: those that are not UTF-8.</summary>
    public static bool IsFolder(string parent, string name) => new FileSystemEnumerable<bool>(parent, (ref _) => true, Options)
    {
        ShouldIncludePredicate = (ref entry) => entry.IsDirectory && entry.FileName.SequenceEqual(name),
    }.Any();

    /// <summary>
    /// By the bytes of their UTF-8 form, which is by code points. .NET's ordinal order is by UTF-16 units: there, characters beyond U+FFFF (two surrogates,
    /// U+D800…) come before U+E000…U+FFFF.
    /// </summary>
    public static int CompareByUtf8(string a, string b)
    {
        var length = Math.Min(a.Length, b.Length);
        var same = a.AsSpan().CommonPrefixLength(b);
        if (same == length)
        {
            return a.Length - b.Length;
        }

        // A surrogate stands for a character beyond U+FFFF, and so above every other.
        var (x, y) = (a[same], b[same]);
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x - y : char.IsSurrogate(x) ? 1 : -1;
    }
}
