using System.Text.Json.Nodes;
using PodExecutor.Agent.Images.Verbs;

namespace PodExecutor.Agent.Images.Listing;

/// <summary>A list as docker's --format shows it: "table", "table TEMPLATE", "json", or a template for each line.</summary>
/// <param name="headers">Every field of a line, with its column's title: "ID=IMAGE ID|Tag=TAG".</param>
/// <param name="table">The template of the table if none is given.</param>
internal sealed class ListOutput(string headers, string table)
{
    // As docker's tabwriter is set up.
    private const int Narrowest = 10;
    private const int Gap = 3;

    /// <summary>One line of texts: "Name=value|Other=value".</summary>
    public static JsonObject Line(string fields)
    {
        var line = new JsonObject();
        foreach (var field in fields.Split('|'))
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            line[field[..equals]] = field[(equals + 1)..];
        }

        return line;
    }

    public void Write(TextWriter output, string? format, IEnumerable<JsonObject> rows)
    {
        var given = string.IsNullOrWhiteSpace(format) ? "table" : format.Trim();
        var isTable = given == "table" || given.StartsWith("table ", StringComparison.Ordinal);
        var template = given == "table" ? table : isTable ? given["table ".Length..].Trim() : given;

        // Scripts write \t in single quotes; docker replaces it before the template is read.
        template = template.Replace("\\t", "\t", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal);
        var lines = rows.Select(r => GoTemplate.Expand(template, r));
        if (!isTable)
        {
            foreach (var line in lines)
            {
                output.WriteLine(line);
            }

            return;
        }

        List<string[]> cells = [.. lines.Prepend(GoTemplate.Expand(template, Line(headers))).Select(l => l.Split('\t'))];
        foreach (var row in cells)
        {
            output.WriteLine(string.Concat(row.Select((cell, column) => cell.PadRight(Width(column)))).TrimEnd());
        }

        int Width(int column) => Math.Max(Narrowest, cells.Where(r => column < r.Length).Max(r => r[column].Length) + Gap);
    }
}
