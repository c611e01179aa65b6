using System.Text.Encodings.Web;
using System.Text.Json;
using PodExecutor.Driver.Output;
using Spectre.Console;

namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>What became of each key, for a person or a machine.</summary>
internal static class MigrateReport
{
    public static void Write(MigratePlan plan, MigrateRequest request, TextWriter output, bool color)
    {
        var console = Terminal.On(output, color);
        var table = Terminal.Table(color);
        table.AddColumn(new TableColumn("line").RightAligned()).AddColumn(new TableColumn("key").NoWrap()).AddColumn(new TableColumn("what became of it").NoWrap()).AddColumn("");
        foreach (var fate in plan.Fates)
        {
            table.AddRow(
                new Text(fate.Line > 0 ? $"{fate.Line}" : ""),
                new Text(fate.Key),
                new Text(Word(fate.Fate), Style.Parse(Color(fate.Fate))),
                new Text(fate.Text));
        }

        console.Write(table);
        var files = string.Join(", ", plan.Files.Select(f => Path.Combine(request.Output, f.Name)));
        console.WriteLine(request.DryRun ? $"Would write {files}." : $"Wrote {files}.");
        if (!request.DryRun)
        {
            var options = plan.Files.First(f => f.Name.EndsWith("pod-executor.toml", StringComparison.Ordinal));
            console.WriteLine($"Next: pod-executor --config {Path.Combine(request.Output, options.Name)} doctor --runner-config {Path.Combine(request.Output, "runner-config.toml")}");
        }
    }

    public static void WriteJson(MigratePlan plan, MigrateRequest request, Stream output)
    {
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteBoolean("written", !request.DryRun);
            json.WriteStartArray("files");
            foreach (var file in plan.Files)
            {
                json.WriteStringValue(Path.Combine(request.Output, file.Name));
            }

            json.WriteEndArray();
            json.WriteStartArray("keys");
            foreach (var fate in plan.Fates)
            {
                json.WriteStartObject();
                json.WriteString("key", fate.Key);
                json.WriteNumber("line", fate.Line);
                json.WriteString("fate", Word(fate.Fate));
                json.WriteString("text", fate.Text);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }

    public static string Word(Fate fate) => fate switch
    {
        Fate.Kept => "kept",
        Fate.Renamed => "renamed",
        Fate.NotNeeded => "not needed",
        Fate.NotSupported => "not supported",
        _ => "other default",
    };

    private static string Color(Fate fate) => fate switch
    {
        Fate.NotSupported => "red",
        Fate.OtherDefault => "yellow",
        Fate.NotNeeded => "grey",
        _ => "green",
    };
}
