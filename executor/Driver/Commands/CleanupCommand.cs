using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Commands;

/// <summary>
/// <c>cleanup</c>: deletes what the job left, whatever that is. Safe to repeat, without a successful prepare, and beside a
/// `run` that still lives: that one finds its pod gone. It does not wait for the pod to end.
/// 1. find the pod: the job file tells, else the job is looked at again; 2. delete it; 3. then the job file, so that a cleanup that fails
/// can be repeated.
/// </summary>
internal static class CleanupCommand
{
    public static async Task RunAsync(CallContext call, CancellationToken cancel)
    {
        // Step 1
        var (pod, ownsNamespace, settings, endpoint) = Find(call);

        // Step 2
        using var api = Connection.Open(endpoint, settings, call.Time);
        using var limit = new CancellationTokenSource(settings.CleanupTimeout, call.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        await new PodRemoval(api, settings.CleanupGrace, ownsNamespace).DeleteAsync(pod, either.Token);

        // Step 3
        if (call.JobFilePath is { } path)
        {
            JobFileStore.Delete(path);
        }
    }

    private static (PreparedPod Pod, bool OwnsNamespace, CallSettings Settings, ApiEndpoint Api) Find(CallContext call)
    {
        try
        {
            if (call.LoadJob() is { } job)
            {
                return (job.Pod, job.OwnsNamespace, job.Settings, job.Api);
            }
        }
        catch (JobFileException e)
        {
            call.Log.Warning(e.Message);
        }

        // Nobody has decided anything, or it is lost: options and job response tell where the pod would be.
        var options = call.Options;
        var (kubernetes, pod) = Admission.Locate(call.Request, options);
        return (pod, kubernetes.NamespacePerJob, CallSettings.Of(kubernetes), Connection.Endpoint(kubernetes));
    }
}
