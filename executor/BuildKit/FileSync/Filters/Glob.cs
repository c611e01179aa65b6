using System.Text;

namespace PodExecutor.BuildKit.FileSync.Filters;

/// <summary>
/// One pattern of .dockerignore's language: <c>?</c> and <c>*</c> stop at a slash, <c>**/</c> is any number of folders, <c>**</c> at the end is everything
/// below; <c>[a-z]</c>, <c>\x</c>. The whole path must match.
/// </summary>
/// <remarks>Own code, as the semantics are those of moby's patternmatcher, which no .NET globbing has ("a**" is a prefix, "**a" a suffix).</remarks>
internal sealed class Glob
{
    private enum Kind
    {
        /// <summary>Exactly this text.</summary>
        Text,

        /// <summary>One character but the slash.</summary>
        One,

        /// <summary>Any number of characters but the slash.</summary>
        Star,

        /// <summary>Nothing, or anything that ends with a slash.</summary>
        Folders,

        /// <summary>Anything.</summary>
        Rest,

        Class,
    }

    private readonly List<(Kind Kind, string Text)> _parts = [];

    /// <param name="pattern">Clean, without "!".</param>
    /// <exception cref="FormatException">A class is not closed, or the pattern ends with a backslash.</exception>
    public Glob(string pattern)
    {
        var text = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*' when i + 1 < pattern.Length && pattern[i + 1] == '*':
                    i += i + 2 < pattern.Length && pattern[i + 2] == '/' ? 2 : 1;
                    // "**x" at the very start is a suffix: any text may be before it, not only folders
                    Add(i + 1 == pattern.Length || (i == 1 && IsPlain(pattern[2..])) ? Kind.Rest : Kind.Folders);
                    break;
                case '*':
                    Add(Kind.Star);
                    break;
                case '?':
                    Add(Kind.One);
                    break;
                case '[':
                    var end = ClassEnd(pattern, i);
                    Add(Kind.Class, pattern[(i + 1)..end]);
                    i = end;
                    break;
                case '\\':
                    text.Append(++i < pattern.Length ? pattern[i] : throw new FormatException($"the pattern \"{pattern}\" ends with a backslash"));
                    break;
                default:
                    text.Append(pattern[i]);
                    break;
            }
        }

        FlushText();

        void Add(Kind kind, string argument = "")
        {
            FlushText();
            _parts.Add((kind, argument));
        }

        void FlushText()
        {
            if (text.Length > 0)
            {
                _parts.Add((Kind.Text, text.ToString()));
                text.Clear();
            }
        }
    }

    public bool Matches(ReadOnlySpan<char> path) => Matches(0, path, below: false);

    /// <summary>Whether there can be a path below this folder that matches.</summary>
    public bool MayMatchBelow(string folder) => Matches(0, folder + "/", below: true);

    private static bool IsPlain(string rest) => rest.AsSpan().IndexOfAny("*?[\\") < 0;

    private static int ClassEnd(string pattern, int start)
    {
        // the first character after "[" or "[^" belongs to the class, even if it is "]"
        var i = start + 1 < pattern.Length && pattern[start + 1] == '^' ? start + 2 : start + 1;
        for (i++; i < pattern.Length; i++)
        {
            if (pattern[i - 1] == '\\')
            {
                continue;
            }

            if (pattern[i] == ']')
            {
                return i;
            }
        }

        throw new FormatException($"a class in the pattern \"{pattern}\" is not closed");
    }

    /// <param name="below">Whether the path goes on: it matches if parts are left for what comes after it, whatever they are.</param>
    private bool Matches(int part, ReadOnlySpan<char> path, bool below)
    {
        for (; part < _parts.Count; part++)
        {
            if (below && path.IsEmpty)
            {
                return true;
            }

            var (kind, text) = _parts[part];
            switch (kind)
            {
                case Kind.Text:
                    if (!path.StartsWith(text, StringComparison.Ordinal))
                    {
                        return below && text.AsSpan().StartsWith(path, StringComparison.Ordinal);
                    }

                    path = path[text.Length..];
                    break;
                case Kind.One or Kind.Class:
                    if (path.IsEmpty || Rune.DecodeFromUtf16(path, out var rune, out var size) == System.Buffers.OperationStatus.NeedMoreData ||
                        !(kind == Kind.One ? rune.Value != '/' : InClass(text, rune)))
                    {
                        return false;
                    }

                    path = path[size..];
                    break;
                case Kind.Rest:
                    return below || MatchesAfterAny(part + 1, path, stopAtSlash: false, below);
                case Kind.Star:
                    return MatchesAfterAny(part + 1, path, stopAtSlash: true, below);
                default:
                    return below || MatchesAfterFolders(part + 1, path);
            }
        }

        return path.IsEmpty && !below;
    }

    private bool MatchesAfterAny(int part, ReadOnlySpan<char> path, bool stopAtSlash, bool below)
    {
        var slash = stopAtSlash ? path.IndexOf('/') : -1;
        var longest = slash < 0 ? path.Length : slash;
        if (part == _parts.Count)
        {
            return longest == path.Length;
        }

        for (var count = 0; count <= longest; count++)
        {
            if (Matches(part, path[count..], below))
            {
                return true;
            }
        }

        return false;
    }

    private bool MatchesAfterFolders(int part, ReadOnlySpan<char> path)
    {
        while (true)
        {
            if (Matches(part, path, below: false))
            {
                return true;
            }

            var slash = path.IndexOf('/');
            if (slash < 0)
            {
                return false;
            }

            path = path[(slash + 1)..];
        }
    }

    private static bool InClass(string text, Rune rune)
    {
        var negated = text.StartsWith('^');
        var found = false;
        Rune[] runes = [.. (negated ? text[1..] : text).EnumerateRunes()];
        for (var i = 0; i < runes.Length; i++)
        {
            var low = Next(runes, ref i);
            var high = low;
            if (i + 2 < runes.Length && runes[i + 1].Value == '-')
            {
                i += 2;
                high = Next(runes, ref i);
            }

            found |= low <= rune && rune <= high;
        }

        return found != negated;
    }

    private static Rune Next(Rune[] runes, ref int i) => runes[i].Value == '\\' && i + 1 < runes.Length ? runes[++i] : runes[i];
}
