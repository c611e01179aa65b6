using System.Globalization;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Pipelines.Runner;
using Spectre.Console;

namespace PodExecutor.Driver.Pipelines.Display;

/// <summary>The table at the end: each job, and each of its calls with its time.</summary>
internal static class OutcomeTable
{
    public static void Write(PipelineOutcome outcome, TextWriter output, bool color)
    {
        var console = Terminal.On(output, color);
        var table = Terminal.Table(color);
        table.AddColumn("job").AddColumn("stage").AddColumn(new TableColumn("seconds").RightAligned());
        table.AddColumn(new TableColumn("exit").RightAligned()).AddColumn("result");
        foreach (var job in outcome.Jobs)
        {
            AddJob(table, job);
        }

        console.WriteLine();
        console.Write(table);
    }

    private static void AddJob(Table table, JobRunOutcome job)
    {
        var total = job.Tries.Aggregate(TimeSpan.Zero, (sum, t) => sum + t.Duration);
        table.AddRow(
            Cell(job.Job.Name, Style.Parse("bold")),
            Cell(job.Job.Stage, null),
            Cell(job.Tries.Count > 0 ? Seconds(total) : "", null),
            Cell(job.Tries.Count > 0 && job.State is JobState.Failed or JobState.Tolerated ? $"{job.Tries[^1].ExitCode}" : "", null),
            Cell(Result(job), Style.Parse(Color(job.State))));
        foreach (var call in job.Tries.SelectMany(t => t.Calls))
        {
            table.AddRow(Cell("", null), Cell("  " + call.Stage, null), Cell(Seconds(call.Duration), null), Cell(Exit(call), null), Cell("", null));
        }
    }

    private static string Result(JobRunOutcome job) => job.State switch
    {
        JobState.Passed => job.Tries.Count > 1 ? $"passed at try {job.Tries.Count}" : "passed",
        JobState.Tolerated => "failed, allowed to",
        JobState.Failed => job.Tries[^1].FailureReason == "script_failure" ? "failed" : $"failed: {job.Tries[^1].FailureReason}",
        JobState.Canceled => "canceled",
        JobState.Blocked => $"not run: {job.Reason}",
        _ => $"skipped: {job.Reason}",
    };

    private static string Color(JobState state) => state switch
    {
        JobState.Passed => "green",
        JobState.Failed or JobState.Blocked => "red",
        JobState.Skipped => "grey",
        _ => "yellow",
    };

    /// <summary>A signal is a fault of the executor, so that it is not hidden in a number.</summary>
    private static string Exit(CallRecord call) => call.Signal is { } signal ? $"signal {signal}" : call.ExitCode == 0 ? "" : $"{call.ExitCode}";

    private static string Seconds(TimeSpan duration) => duration.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);

    private static Text Cell(string text, Style? style) => new(text, style);
}
