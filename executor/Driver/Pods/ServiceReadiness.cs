using System.Globalization;
using System.Text;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Output;
using PodExecutor.Link;

namespace PodExecutor.Driver.Pods;

/// <summary>
/// Waits until the services can be spoken to. All containers share one localhost, so the helper's agent knocks at their ports:
/// at those that are declared until they answer or the job fails; for the others it waits a few seconds for anything that listens.
/// </summary>
internal sealed class ServiceReadiness(ApiClient api, JobPlan plan, JobLog log, TimeProvider time)
{
    /// <summary>For services that declare no port: they may never listen, so this is a courtesy, not a condition.</summary>
    private static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(5);

    /// <summary>A wait that is longer than this is worth two requests to see whether a service has ended.</summary>
    private static readonly TimeSpan Suspicious = TimeSpan.FromSeconds(3);

    /// <exception cref="FailureException">A service does not listen on a port that it should.</exception>
    public async Task WaitAsync(CancellationToken cancel)
    {
        var limit = plan.Options.ServicesTimeout;
        if (plan.Services.Count == 0 || limit == TimeSpan.Zero)
        {
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var begin = time.GetTimestamp();
        var knocking = KnockAsync(limit, stop.Token);
        var suspicion = Task.Delay(Suspicious, time, stop.Token);
        if (await Task.WhenAny(knocking, suspicion) == suspicion && plan.Services.Any(s => s.Ports.Count > 0))
        {
            log.Line($"Waiting for services: {string.Join(", ", plan.Services.Where(s => s.Ports.Count > 0).Select(s => $"{s.Container} on port {string.Join(", ", s.Ports)}"))}");
            var ended = EndedAsync(stop.Token);
            if (await Task.WhenAny(knocking, ended) == ended && await ended is { } end)
            {
                await stop.CancelAsync();
                await ((Task)knocking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw await FailureAsync(end.Service, $"it ended with exit code {end.ExitCode}", cancel);
            }
        }

        var closed = await knocking;
        await stop.CancelAsync();
        if (plan.Services.FirstOrDefault(s => s.Ports.Any(closed.Contains)) is { } silent)
        {
            throw await FailureAsync(silent, $"port {string.Join(", ", silent.Ports.Where(closed.Contains))} does not answer after {limit.TotalSeconds:0} s", cancel);
        }

        if (time.GetElapsedTime(begin) > TimeSpan.FromSeconds(1))
        {
            log.Line($"Services are ready after {time.GetElapsedTime(begin).TotalSeconds:0.0} s.");
        }
    }

    /// <returns>The declared ports that do not answer.</returns>
    private async Task<HashSet<int>> KnockAsync(TimeSpan limit, CancellationToken cancel)
    {
        List<int> ports = [.. plan.Services.SelectMany(s => s.Ports).Distinct()];
        var undeclared = plan.Services.Count(s => s.Ports.Count == 0);
        List<string> command =
        [
            PodLayout.AgentInHelper, "await-ports", $"{(long)limit.TotalMilliseconds}", $"{undeclared}", $"{(long)Courtesy.TotalMilliseconds}", .. ports.Select(p => $"{p}"),
        ];
        return await new Retry(plan.Options.RetryBudget, time).RunAsync(token => KnockOnceAsync(command, token), cancel);
    }

    private async Task<HashSet<int>> KnockOnceAsync(List<string> command, CancellationToken cancel)
    {
        await using var exec = await api.ExecAsync(plan.Pod.Namespace, plan.Pod.Name, Stage.HelperContainer, command, cancel);
        using var reader = new StreamReader(exec, Encoding.UTF8);
        var words = (await reader.ReadToEndAsync(cancel)).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (words is [.. var closed, LinkProtocol.Done])
        {
            return [.. closed.Select(c => int.Parse(c, CultureInfo.InvariantCulture))];
        }

        throw exec.Ended is { Success: false } end
            ? new FailureException(new Failure(
                FailureKind.System,
                "The agent in the helper container cannot wait for the services",
                $"{end.Message} {exec.StandardError}".Trim(),
                "Set kubernetes.helper_image to the image of this version of pod-executor."))
            : new ApiException("await-ports in the helper", null, "", "the stream to the agent was cut");
    }

    /// <summary>The first service with a port whose container has ended; null if the pod goes before.</summary>
    private async Task<EndedService?> EndedAsync(CancellationToken cancel) =>
        await new PodWatch(api, plan.Pod.Namespace, plan.Pod.Name, new Retry(plan.Options.RetryBudget, time)).FirstAsync(
            pod => (from service in plan.Services
                    where service.Ports.Count > 0
                    let status = PodVerdict.Statuses(pod).FirstOrDefault(s => s.Name == service.Container)
                    where status?.State?.Terminated is not null
                    select new EndedService(service, status.State.Terminated.ExitCode)).FirstOrDefault(),
            cancel);

    private async Task<FailureException> FailureAsync(ServicePlan service, string why, CancellationToken cancel)
    {
        var lines = await new ServiceLog(api, plan.Pod, service.Container).LastLinesAsync(cancel);
        return new FailureException(new Failure(
            FailureKind.Job,
            $"Service {service.Container} ({service.Image.Name}) is not ready: {why}",
            lines,
            "Look at the service's variables and its HEALTHCHECK_TCP_PORT; if it only needs longer, raise kubernetes.wait_for_services_timeout."));
    }

    private sealed record EndedService(ServicePlan Service, int ExitCode);
}
