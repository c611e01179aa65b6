using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;

namespace PodExecutor.Bench.Processes;

/// <summary>
/// What starting the driver costs, which the runner does about ten times per job: against the smallest program there is, and
/// config against the smallest driver in bash that reads the job file.
/// </summary>
internal sealed class DriverTopic(BenchSettings settings)
{
    private const int Samples = 40;
    private const string SmallestDriver =
        """jq -c '{driver:{name:"bash",version:"1"},builds_dir:"/builds",cache_dir:"/cache",hostname:.job_info.project_name}' "$JOB_RESPONSE_FILE" """;

    public async Task RunAsync(CancellationToken stop)
    {
        using var folder = new BenchFolder();
        var options = folder.Write("options.toml", BenchJob.Options(settings, "bench", "/nonexistent"));
        string[] environment =
        [
            $"JOB_RESPONSE_FILE={folder.Write("response.json", BenchJob.Payload(1, "true").ToJson())}",
            $"TMPDIR={folder.Path}", "BUILD_FAILURE_EXIT_CODE=1", "SYSTEM_FAILURE_EXIT_CODE=2",
        ];

        async Task<double> Seconds(params string[] command) =>
            (await Child.RunAsync(command, folder.Path, environment, _ => ValueTask.CompletedTask, stop)).Duration.TotalSeconds;
        async Task Compare(string figure, string against, string[] ours, string[] theirs)
        {
            var samples = await Alternating.RunAsync(
                $"{figure} against {against}", settings.Samples ?? Samples, () => Seconds(ours), () => Seconds(theirs), stop);
            Figure.Print(figure, "s", against, [.. samples.Select(s => new Pair(s.Ours, s.Theirs))]);
        }

        await Compare("driver.version", "bin-true", [settings.Driver, "--version"], ["/bin/true"]);
        await Compare("driver.config", "bin-true", [settings.Driver, "--config", options, "config"], ["/bin/true"]);
        await Compare(
            "driver.config", "bash-and-jq", [settings.Driver, "--config", options, "config"], ["/bin/bash", "-c", SmallestDriver]);
    }
}
