using System.Globalization;
using System.Text;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>
/// Writes tables as TOML that people like to read: what is short stands in its line, texts of several lines stay so, tables
/// come after values. Tomlyn's own writer does neither.
/// </summary>
internal static class TomlWriter
{
    private const int LongestInline = 4;

    /// <param name="path">The table's name, "kubernetes".</param>
    public static void Write(StringBuilder output, string path, TomlTable table)
    {
        output.Append($"[{path}]\n");
        Body(output, path, table);
    }

    private static void Body(StringBuilder output, string path, TomlTable table)
    {
        foreach (var (key, value) in table.Values.Where(v => IsInline(v.Value.Value)))
        {
            output.Append($"{Key(key)} = {Inline(value.Value)}\n");
        }

        foreach (var (key, value) in table.Values.Where(v => !IsInline(v.Value.Value)))
        {
            Section(output, $"{path}.{Key(key)}", value.Value);
        }
    }

    private static void Section(StringBuilder output, string path, object value)
    {
        if (value is TomlTable table)
        {
            // A table that holds nothing but tables needs no head.
            if (table.Values.Values.Any(v => IsInline(v.Value)) || table.Values.Count == 0)
            {
                output.Append($"\n[{path}]\n");
            }

            Body(output, path, table);
            return;
        }

        foreach (var item in (List<TomlValue>)value)
        {
            output.Append($"\n[[{path}]]\n");
            Body(output, path, (TomlTable)item.Value);
        }
    }

    private static bool IsInline(object value) => value switch
    {
        TomlTable table => table.Values.Count is > 0 and <= LongestInline && table.Values.Values.All(v => v.Value is string { Length: < 60 } or bool or long),
        List<TomlValue> list => !(list.Count > 0 && list.TrueForAll(i => i.Value is TomlTable)),
        _ => true,
    };

    private static string Inline(object value) => value switch
    {
        string text => Text(text),
        bool flag => flag ? "true" : "false",
        TomlTable table => $"{{ {string.Join(", ", table.Values.Select(v => $"{Key(v.Key)} = {Inline(v.Value.Value)}"))} }}",
        List<TomlValue> list => $"[{string.Join(", ", list.Select(i => Inline(i.Value)))}]",
        double number => number.ToString("0.0###############", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Key(string key) =>
        key.Length > 0 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? key : Quoted(key);

    private static string Text(string text) =>
        text.Contains('\n', StringComparison.Ordinal) && !text.Contains("'''", StringComparison.Ordinal) && text.All(c => c is '\n' or '\t' || !char.IsControl(c)) && !text.EndsWith('\'')
            ? $"'''\n{text}'''"
            : Quoted(text);

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                '\r' => quoted.Append("\\r"),
                _ when char.IsControl(c) => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }
}
