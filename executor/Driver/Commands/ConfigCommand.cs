using PodExecutor.Driver.Job;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Commands;

/// <summary>
/// <c>config</c>: tells the runner the paths, and refuses a job that cannot run, before anything is created.
/// 1. decide, and try the patches, since one may not fit the pod; 2. say so. It asks nobody: no network, a few milliseconds.
/// </summary>
internal static class ConfigCommand
{
    public static Task RunAsync(CallContext call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();

        // Step 1
        var options = call.Options;
        var plan = Admission.Decide(call.Request, options);
        PodManifest.Check(plan);

        // Step 2
        using var stdout = Console.OpenStandardOutput();
        ConfigOutput.Write(stdout, plan);
        return Task.CompletedTask;
    }
}
