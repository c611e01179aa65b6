using System.Globalization;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace PodExecutor.Driver.Options;

/// <summary>A TOML value with its place, so that a message can name the line.</summary>
/// <param name="Value">string, long, double, bool, <see cref="TomlTable"/>, or a list of <see cref="TomlValue"/>.</param>
/// <param name="Line">From 1.</param>
internal sealed record TomlValue(object Value, int Line);

/// <summary>A TOML table with the places of its keys.</summary>
internal sealed class TomlTable(int line)
{
    public int Line { get; } = line;

    public Dictionary<string, TomlValue> Values { get; } = new(StringComparer.Ordinal);
}

/// <summary>Turns TOML text into tables that know their lines. Tomlyn parses; its own model has no places.</summary>
internal static class TomlDocument
{
    /// <param name="problems">Gets one entry per syntax error.</param>
    public static TomlTable Parse(string text, string file, List<OptionsProblem> problems)
    {
        var document = SyntaxParser.Parse(text, file);
        foreach (var message in document.Diagnostics)
        {
            problems.Add(new OptionsProblem(file, message.Span.Start.Line + 1, "", message.Message, "The file must be valid TOML."));
        }

        var root = new TomlTable(1);
        if (problems.Count > 0)
        {
            return root;
        }

        Fill(root, document.KeyValues);
        foreach (var table in document.Tables)
        {
            var keys = Keys(table.Name!);
            var parent = Descend(root, keys[..^1], Line(table));
            var target = table is TableArraySyntax ? Append(parent, keys[^1], Line(table)) : Descend(parent, keys[^1..], Line(table));
            Fill(target, table.Items);
        }

        return root;
    }

    private static int Line(SyntaxNodeBase node) => node.Span.Start.Line + 1;

    private static void Fill(TomlTable table, SyntaxList<KeyValueSyntax> items)
    {
        foreach (var item in items)
        {
            var keys = Keys(item.Key!);
            Descend(table, keys[..^1], Line(item)).Values[keys[^1]] = new TomlValue(Value(item.Value!), Line(item));
        }
    }

    private static List<string> Keys(KeySyntax key) => [Name(key.Key!), .. key.DotKeys.Select(k => Name(k.Key!))];

    private static string Name(BareKeyOrStringValueSyntax key) => key switch
    {
        BareKeySyntax bare => bare.Key!.Text!,
        StringValueSyntax quoted => quoted.Value!,
        _ => key.ToString()!,
    };

    private static TomlTable Descend(TomlTable table, IEnumerable<string> keys, int line)
    {
        foreach (var key in keys)
        {
            if (!table.Values.TryGetValue(key, out var value))
            {
                table.Values[key] = value = new TomlValue(new TomlTable(line), line);
            }

            // [[a]] then [a.b]: the table belongs to the last element.
            table = value.Value switch
            {
                TomlTable inner => inner,
                List<TomlValue> list when list[^1].Value is TomlTable last => last,
                _ => new TomlTable(line),
            };
        }

        return table;
    }

    private static TomlTable Append(TomlTable parent, string key, int line)
    {
        var element = new TomlTable(line);
        if (parent.Values.TryGetValue(key, out var existing) && existing.Value is List<TomlValue> list)
        {
            list.Add(new TomlValue(element, line));
        }
        else
        {
            parent.Values[key] = new TomlValue(new List<TomlValue> { new(element, line) }, line);
        }

        return element;
    }

    private static object Value(ValueSyntax value) => value switch
    {
        StringValueSyntax text => text.Value!,
        IntegerValueSyntax integer => integer.Value,
        FloatValueSyntax number => number.Value,
        BooleanValueSyntax flag => flag.Value,
        ArraySyntax array => array.Items.Select(i => new TomlValue(Value(i.Value!), Line(i))).ToList(),
        InlineTableSyntax inline => Inline(inline),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static TomlTable Inline(InlineTableSyntax inline)
    {
        var table = new TomlTable(Line(inline));
        foreach (var item in inline.Items)
        {
            var keys = Keys(item.KeyValue!.Key!);
            Descend(table, keys[..^1], Line(item)).Values[keys[^1]] = new TomlValue(Value(item.KeyValue.Value!), Line(item));
        }

        return table;
    }
}
