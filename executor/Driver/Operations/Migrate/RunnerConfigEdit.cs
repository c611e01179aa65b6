using System.Text;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>
/// Changes gitlab-runner's config.toml as a person would: the tables that moved are cut out, ours are put in, and every
/// other line, comments too, stays as it is. Pure.
/// </summary>
internal static class RunnerConfigEdit
{
    /// <param name="blocks">For each runner's index that is migrated: what to put in.</param>
    /// <param name="moved">Keys of the runner whose tables are cut out: "kubernetes", "cache".</param>
    public static string Apply(string text, IReadOnlyDictionary<int, string> blocks, Func<int, IReadOnlyList<string>> moved)
    {
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        var document = SyntaxParser.Parse(text, "config.toml");
        var tables = document.Tables.ToList();
        var starts = tables.ConvertAll(t => Start(lines, t.Span.Start.Line));
        var output = new StringBuilder();
        Copy(output, lines, 0, tables.Count > 0 ? starts[0] : lines.Length);
        var runner = -1;
        for (var i = 0; i < tables.Count; i++)
        {
            var keys = Keys(tables[i].Name!);
            if (keys is ["runners"])
            {
                runner++;
            }

            var end = i + 1 < tables.Count ? starts[i + 1] : lines.Length;
            var isMigrated = keys[0] == "runners" && blocks.ContainsKey(runner);
            if (!isMigrated)
            {
                Copy(output, lines, starts[i], end);
            }
            else if (keys.Count == 1)
            {
                CopyRunner(output, lines, starts[i], end, tables[i], moved(runner));
            }
            else if (!moved(runner).Contains(keys[1]))
            {
                Copy(output, lines, starts[i], end);
            }

            // After the runner's last table, or the next would belong to the block's.
            if (isMigrated && (i + 1 == tables.Count || Keys(tables[i + 1].Name!) is ["runners"] || Keys(tables[i + 1].Name!)[0] != "runners"))
            {
                output.Append(blocks[runner]).Append(i + 1 < tables.Count ? "\n" : "");
            }
        }

        return output.ToString();
    }

    /// <summary>The [[runners]] table itself: its executor changes, and what is written as a value of it is cut out, too.</summary>
    private static void CopyRunner(StringBuilder output, string[] lines, int from, int to, TableSyntaxBase table, IReadOnlyList<string> moved)
    {
        var head = table.Span.Start.Line;
        var executor = -1;
        var cut = new HashSet<int>();
        foreach (var item in table.Items)
        {
            var key = Keys(item.Key!)[0];
            if (key == "executor")
            {
                executor = item.Span.Start.Line;
            }
            else if (moved.Contains(key))
            {
                cut.UnionWith(Enumerable.Range(item.Span.Start.Line, item.Value!.Span.End.Line - item.Span.Start.Line + 1));
            }
        }

        for (var line = from; line < to; line++)
        {
            if (line == executor)
            {
                output.Append($"{Indentation(lines[line])}executor = \"custom\"\n");
            }
            else if (!cut.Contains(line))
            {
                output.Append(lines[line]).Append('\n');
            }

            if (line == head && executor < 0)
            {
                output.Append($"{Indentation(lines[line])}  executor = \"custom\"\n");
            }
        }
    }

    /// <summary>A comment right above a table belongs to it.</summary>
    private static int Start(string[] lines, int head)
    {
        while (head > 0 && lines[head - 1].TrimStart().StartsWith('#'))
        {
            head--;
        }

        return head;
    }

    private static string Indentation(string line) => line[..(line.Length - line.TrimStart().Length)];

    private static void Copy(StringBuilder output, string[] lines, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            output.Append(lines[i]).Append('\n');
        }
    }

    private static List<string> Keys(KeySyntax key) => [Name(key.Key!), .. key.DotKeys.Select(k => Name(k.Key!))];

    private static string Name(BareKeyOrStringValueSyntax key) => key switch
    {
        BareKeySyntax bare => bare.Key!.Text!,
        StringValueSyntax quoted => quoted.Value!,
        _ => key.ToString()!,
    };
}
