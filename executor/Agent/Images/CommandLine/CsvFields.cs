using System.Text;

namespace PodExecutor.Agent.Images.CommandLine;

/// <summary>The <c>key=value,key="va,lue"</c> of --output, --cache-to, --secret and others: one CSV record, as docker reads it.</summary>
internal static class CsvFields
{
    /// <exception cref="FormatException">A quote is not closed, or stands inside an unquoted field.</exception>
    public static IReadOnlyList<string> Split(string text)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var at = 0;
        while (true)
        {
            field.Clear();
            at = text.AsSpan(at).StartsWith("\"") ? Quoted(text, at + 1, field) : Plain(text, at, field);
            fields.Add(field.ToString());
            if (at == text.Length)
            {
                return fields;
            }

            at++;
        }
    }

    /// <summary>Pairs in their order; a field without '=' has the value null. Keys are lower-cased, as docker does.</summary>
    public static IReadOnlyList<KeyValuePair<string, string?>> Pairs(string text) =>
    [
        .. Split(text).Select(field =>
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            return equals < 0
                ? KeyValuePair.Create(field.Trim(), (string?)null)
                : KeyValuePair.Create(field[..equals].Trim().ToLowerInvariant(), (string?)field[(equals + 1)..]);
        }),
    ];

    /// <summary>The way back: quoted where needed.</summary>
    public static string Join(IEnumerable<KeyValuePair<string, string>> pairs) =>
        string.Join(',', pairs.Select(p => $"{p.Key}={p.Value}").Select(f => f.AsSpan().ContainsAny(',', '"') ? $"\"{f.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : f));

    private static int Plain(string text, int at, StringBuilder field)
    {
        var end = text.IndexOf(',', at);
        end = end < 0 ? text.Length : end;
        if (text.AsSpan(at, end - at).Contains('"'))
        {
            throw new FormatException("a quote stands in the middle of a field: put the whole field in quotes");
        }

        field.Append(text, at, end - at);
        return end;
    }

    private static int Quoted(string text, int at, StringBuilder field)
    {
        while (at < text.Length)
        {
            if (text[at] != '"')
            {
                field.Append(text[at++]);
            }
            else if (at + 1 < text.Length && text[at + 1] == '"')
            {
                field.Append('"');
                at += 2;
            }
            else
            {
                return at + 1 == text.Length || text[at + 1] == ',' ? at + 1 : throw new FormatException("text follows a closing quote");
            }
        }

        throw new FormatException("a quote is not closed");
    }
}
