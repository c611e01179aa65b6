using k8s.Models;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Runs.Services;

/// <summary>A service whose container is over.</summary>
/// <param name="Lasted">Whole seconds: the API server's times are no finer. Null if it does not tell.</param>
internal sealed record EndedService(ServiceState Service, int ExitCode, string Reason, TimeSpan? Lasted)
{
    /// <summary>"exited with code 3 after 2 s".</summary>
    public string Story => $"{(Reason == "OOMKilled" ? "was killed for its memory (OOM)" : $"exited with code {ExitCode}")}{After}";

    private string After => Lasted switch
    {
        null => "",
        { TotalSeconds: < 1 } => " after less than 1 s",
        { } lasted => $" after {lasted.TotalSeconds:0} s",
    };

    /// <summary>Those of the pod's services that are over, in the order of the job. Pure.</summary>
    public static IEnumerable<EndedService> Of(V1Pod pod, IReadOnlyList<ServiceState> services) =>
        from service in services
        let ended = PodVerdict.Statuses(pod).FirstOrDefault(s => s.Name == service.Container)?.State?.Terminated
        where ended is not null
        select new EndedService(service, ended.ExitCode, ended.Reason ?? "", ended.FinishedAt - ended.StartedAt);
}
