using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Runs;

namespace PodExecutor.Driver.Commands;

/// <summary>
/// <c>run SCRIPT STAGE</c>: one script in the pod. 1. forget an earlier stage's exit code; 2. the stage's name tells the
/// container; 3. run; 4. remarks; 5. the script's end is ours.
/// </summary>
internal static class RunCommand
{
    public static async Task RunAsync(CallContext call, string scriptPath, string stageName, CancellationToken cancel)
    {
        // Step 1
        call.ExitCodes.Forget();

        // Step 2
        var stage = new Stage(stageName);
        var script = StageScript.Read(scriptPath, stageName);

        // Step 3
        using var api = Connection.Open(call.Options.Kubernetes, call.Time);
        await using var stdout = Console.OpenStandardOutput();
        await using var stderr = Console.OpenStandardError();
        var runner = new StageRunner(api, call.Pod, call.Options.Kubernetes, call.Log, call.Time);
        var ended = await runner.RunAsync(script, stage.Container, stdout, stderr, null, cancel);

        // Step 4
        foreach (var remark in StageVerdict.Remarks(ended, stage))
        {
            call.Log.Warning(remark);
        }

        // Step 5
        if (StageVerdict.Of(ended, stage) is { } failure)
        {
            throw new FailureException(failure);
        }
    }
}
