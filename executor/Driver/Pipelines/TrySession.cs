using System.Text;
using PodExecutor.Driver.Pipelines.Display;
using PodExecutor.Driver.Pipelines.Files;
using PodExecutor.Driver.Pipelines.GitLab;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines;

/// <summary>One <c>try</c>, from the file to the table: 1 read the file · 2 serve the working copy · 3 run · 4 tell. Leaves nothing behind.</summary>
internal sealed class TrySession(TryRequest request, Stream stdout, TimeProvider time)
{
    /// <returns>True if the pipeline passed.</returns>
    /// <exception cref="PipelineFileException">The file cannot be used.</exception>
    /// <exception cref="GitException">The working copy cannot be served.</exception>
    public async Task<bool> RunAsync(JobStop stop)
    {
        // Step 1
        var pipeline = PipelineFile.Load(request.Pipeline, request.ProjectDirectory, request.Jobs);
        var log = new TryLog(stdout, request.Color, prefixed: request.Concurrent > 1);
        foreach (var problem in pipeline.Problems)
        {
            log.Say(problem.ToString());
        }

        // Step 2
        var options = new GitLabOptions(request.GitLabAddress, PipelineRun.ProjectPath(request.ProjectDirectory));
        await using var gitlab = await GitLabDouble.StartAsync(options, request.ProjectDirectory, request.Ref, stop.Graceful);
        var commit = gitlab.Snapshot.Commit;
        log.Say($"Serving {request.ProjectDirectory} at {gitlab.Url} as {commit.Sha[..8]} on {commit.Ref}{(commit.HasChanges ? ", with what is not committed" : "")}");

        // Step 3
        var outcome = await new PipelineRun(request, pipeline, gitlab, Runner(), log, time).RunAsync(stop);

        // Step 4
        await using var text = new StreamWriter(stdout, new UTF8Encoding(false), leaveOpen: true);
        OutcomeTable.Write(outcome, text, request.Color);
        if (request.JunitFile is { } junit)
        {
            JunitReport.Write(outcome, junit);
        }

        return outcome.Passed;
    }

    private RunnerOptions Runner()
    {
        IReadOnlyList<string> Verb(string verb) => [.. request.ExecutableArguments, verb];
        return new RunnerOptions
        {
            Executable = request.Executable,
            ConfigArguments = Verb("config"),
            PrepareArguments = Verb("prepare"),
            RunArguments = Verb("run"),
            CleanupArguments = Verb("cleanup"),
        };
    }
}
