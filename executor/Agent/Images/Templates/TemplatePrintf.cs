using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace PodExecutor.Agent.Images.Templates;

/// <summary>printf with %s, %v, %d and %q, with a width.</summary>
internal static class TemplatePrintf
{
    private static readonly SearchValues<char> Flags = SearchValues.Create("-0123456789.");

    /// <exception cref="ImageException">Another verb, or fewer values than verbs.</exception>
    public static string Format(string format, IReadOnlyList<JsonNode?> values)
    {
        var result = new StringBuilder();
        var used = 0;
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                result.Append(format[at]);
                continue;
            }

            var end = format.AsSpan(at + 1).IndexOfAnyExcept(Flags);
            var verb = end < 0 ? '\0' : format[at + 1 + end];
            if (verb == '%')
            {
                result.Append('%');
            }
            else if (verb is 's' or 'v' or 'd' or 'q' && used < values.Count)
            {
                var text = verb == 'q' ? TemplateText.Json(JsonValue.Create(TemplateText.Of(values[used]))) : TemplateText.Of(values[used]);
                result.Append(Padded(text, format[(at + 1)..(at + 1 + end)]));
                used++;
            }
            else
            {
                throw new ImageException($"--format: printf \"{format}\": %s, %v, %d and %q are known here, each with a value.", ImageExit.Usage);
            }

            at += end + 1;
        }

        return result.ToString();
    }

    // "-10", "10", "10.5", ".5": the width, then the most characters.
    private static string Padded(string text, string flags)
    {
        var parts = flags.TrimStart('-').Split('.');
        if (parts.Length > 1 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var most) && text.Length > most)
        {
            text = text[..most];
        }

        var width = int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? Math.Min(given, 1000) : 0;
        return flags.StartsWith('-') ? text.PadRight(width) : text.PadLeft(width);
    }
}
