using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Commands;

/// <summary>
/// <c>cleanup</c>: deletes what the job left, whatever that is. Safe to repeat, without a successful prepare, and beside a
/// `run` that still lives: that one finds its pod gone. It does not wait for the pod to end.
/// </summary>
internal static class CleanupCommand
{
    public static async Task RunAsync(CallContext call, CancellationToken cancel)
    {
        using var api = Connection.Open(call.Options.Kubernetes, call.Time);
        await new JobPod(api, call.Options.Kubernetes, call.Log, call.Time).DeleteAsync(call.Pod, cancel);
    }
}
