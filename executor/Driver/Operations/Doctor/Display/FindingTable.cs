using PodExecutor.Driver.Output;
using Spectre.Console;

namespace PodExecutor.Driver.Operations.Doctor.Display;

/// <summary>The findings for a person: a table, and one line that says how bad it is.</summary>
internal static class FindingTable
{
    public static void Write(IReadOnlyList<CheckOutcome> outcomes, TextWriter output, bool color)
    {
        var console = Terminal.On(output, color);
        var table = Terminal.Table(color);
        table.AddColumn("check").AddColumn("result").AddColumn("finding");
        foreach (var outcome in outcomes)
        {
            for (var i = 0; i < outcome.Findings.Count; i++)
            {
                var finding = outcome.Findings[i];
                table.AddRow(
                    new Text(i == 0 ? outcome.Check : "", Style.Parse("bold")),
                    new Text(Word(finding.Severity), Style.Parse(Color(finding.Severity))),
                    new Text(Lines(finding)));
            }
        }

        console.Write(table);
        console.WriteLine(Summary(outcomes));
    }

    public static string Word(Severity severity) => severity switch
    {
        Severity.Ok => "ok",
        Severity.Note => "note",
        Severity.Warning => "warning",
        _ => "error",
    };

    private static string Lines(Finding finding) => string.Join('\n', new[]
    {
        finding.What,
        finding.Why is { Length: > 0 } why ? "why:  " + why : null,
        finding.Remedy is { Length: > 0 } remedy ? "help: " + remedy : null,
    }.Where(l => l is not null));

    private static string Summary(IReadOnlyList<CheckOutcome> outcomes)
    {
        var findings = outcomes.SelectMany(o => o.Findings).ToList();
        var errors = findings.Count(f => f.Severity == Severity.Error);
        var warnings = findings.Count(f => f.Severity == Severity.Warning);
        return errors + warnings == 0 ? "All is well." : $"{Count(errors, "error")}, {Count(warnings, "warning")}.";
    }

    private static string Count(int number, string word) => number == 1 ? $"1 {word}" : $"{number} {word}s";

    private static string Color(Severity severity) => severity switch
    {
        Severity.Ok => "green",
        Severity.Note => "grey",
        Severity.Warning => "yellow",
        _ => "red",
    };
}
