using System.Text;

namespace PodExecutor.BuildKit;

/// <summary>One line of comma-separated values with quotes, as the options of docker's command line are written.</summary>
public static class CsvFields
{
    /// <exception cref="FormatException">A quote is not closed.</exception>
    public static IReadOnlyList<string> Split(string text)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        fields.Add(field.ToString());
        return quoted ? throw new FormatException($"A quote is not closed in {text}") : fields;
    }

    /// <summary>Reads <c>key=value,key=value</c>. Keys are lower-cased.</summary>
    /// <exception cref="FormatException">A field has no "=".</exception>
    public static Dictionary<string, string> ParseAttributes(string text)
    {
        var attributes = new Dictionary<string, string>();
        foreach (var field in Split(text))
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new FormatException($"\"{field}\" in \"{text}\" is not of the form KEY=VALUE.");
            }

            attributes[field[..equals].Trim().ToLowerInvariant()] = field[(equals + 1)..];
        }

        return attributes;
    }
}
