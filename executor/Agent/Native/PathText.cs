using System.Text;
using System.Text.Unicode;

namespace PodExecutor.Agent.Native;

/// <summary>
/// Names as Linux has them (any bytes but NUL and slash) in a string and back without loss: bytes that are not UTF-8 become lone
/// surrogates (U+DC80 to U+DCFF), as in Python.
/// </summary>
internal static class PathText
{
    private const char Escape = '\uDC00';

    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var length) == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                length = 1;
                text.Append((char)(Escape + bytes[0]));
            }

            bytes = bytes[length..];
        }

        return text.ToString();
    }

    public static byte[] Encode(string text)
    {
        if (IsUtf8(text))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        var bytes = new List<byte>(text.Length * 2);
        Span<byte> one = stackalloc byte[4];
        for (var i = 0; i < text.Length; i++)
        {
            if (Rune.TryGetRuneAt(text, i, out var rune))
            {
                bytes.AddRange(one[..rune.EncodeToUtf8(one)]);
                i += rune.Utf16SequenceLength - 1;
            }
            else
            {
                bytes.Add((byte)(text[i] - Escape));
            }
        }

        return [.. bytes];
    }

    /// <summary>False if the name has bytes that are not UTF-8.</summary>
    public static bool IsUtf8(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                return false;
            }

            i++;
        }

        return true;
    }
}
