using System.Text;

namespace PodExecutor.Driver.Pipelines.Scripts;

/// <summary>
/// gitlab-runner's quoting (helpers/shell_escape.go): a plain word as it is, all else as $'…' with each byte that is not
/// printable ASCII written out. bash and busybox sh read it; dash does not.
/// </summary>
internal static class ShellQuote
{
    public static string Quote(string text)
    {
        if (text.Length == 0)
        {
            return "''";
        }

        var quoted = new StringBuilder(text.Length + 8);
        var plain = true;
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            plain &= IsPlain(b);
            Append(quoted, b);
        }

        return plain ? text : $"$'{quoted}'";
    }

    /// <summary>Go's %q, plus the two characters that a shell would expand: the paths here are literal.</summary>
    public static string DoubleQuote(string text)
    {
        var quoted = new StringBuilder(text).Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("$", "\\$").Replace("`", "\\`");
        return $"\"{quoted}\"";
    }

    private static bool IsPlain(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)',' or (byte)'-' or (byte)'.' or (byte)'/' or (byte)'@' or (byte)'_';

    private static void Append(StringBuilder quoted, byte b)
    {
        _ = b switch
        {
            (byte)'\t' => quoted.Append("\\t"),
            (byte)'\n' => quoted.Append("\\n"),
            (byte)'\r' => quoted.Append("\\r"),
            (byte)'\'' => quoted.Append("\\'"),
            (byte)'\\' => quoted.Append("\\\\"),
            < 0x20 or >= 0x7f => quoted.Append("\\x").Append(b.ToString("x2", null)),
            _ => quoted.Append((char)b),
        };
    }
}
