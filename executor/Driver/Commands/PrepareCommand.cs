using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Commands;

/// <summary><c>prepare</c>: the job's pod runs when this returns. 1. decide, as config did; 2. bring the pod up.</summary>
internal static class PrepareCommand
{
    public static async Task RunAsync(CallContext call, CancellationToken cancel)
    {
        // Step 1
        var plan = Admission.Decide(call.Request, call.Options);
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
        using var api = Connection.Open(plan.Options, call.Time);
        await new JobPod(api, plan.Options, call.Log, call.Time).StartAsync(plan, cancel);
    }
}
