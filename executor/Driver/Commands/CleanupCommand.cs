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
        using var api = Connection.Open(call.Kubernetes, call.Time);
        using var limit = new CancellationTokenSource(call.Kubernetes.CleanupTimeout, call.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        await new JobPod(api, call.Kubernetes, call.Log, call.Time).DeleteAsync(call.Pod, either.Token);
    }
}
