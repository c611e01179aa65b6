using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Commands;

/// <summary>
/// <c>prepare</c>: the job's pod runs when this returns. 1. decide, as config did; 2. leave to run and cleanup what was decided: nothing of
/// it is decided again; 3. bring the pod up.
/// </summary>
internal static class PrepareCommand
{
    /// <summary>In the runner's own environment, where no pipeline can set it: "exec" keeps the link off port-forward.</summary>
    private const string TransportVariable = "POD_EXECUTOR_TRANSPORT";

    public static async Task RunAsync(CallContext call, CancellationToken cancel)
    {
        // Step 1
        var options = call.Options;
        var plan = Admission.Decide(call.Request, options);
        call.Log.Line($"Using pod {plan.Pod.Name} in namespace {plan.Pod.Namespace} with image {plan.Build.Name}");
        foreach (var notice in plan.Notices)
        {
            call.Log.Line(notice);
        }

        foreach (var service in plan.Services)
        {
            call.Log.Line($"Service {service.Container}: {service.Image.Name}, reachable as {string.Join(", ", service.Hostnames)}");
        }

        // Step 2
        var endpoint = Connection.Endpoint(plan.Options);
        var job = JobFiles.Of(call.Request, plan, endpoint, options, call.OptionsPath, call.OptionsText, call.Environment(TransportVariable) == "exec", call.Time.GetUtcNow());
        JobFiles.Write(call.JobFilePath, job);

        // Step 3
        using var api = Connection.Open(endpoint, job.Settings, call.Time);
        await new JobPod(api, plan.Options, call.Log, call.Time).StartAsync(plan, cancel);
    }
}
