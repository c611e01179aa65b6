using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Runs.Services;

/// <summary>
/// The services, when the job's own script is about to start: sources, caches and artifacts do not wait for them. Only a port that the
/// job declares (HEALTHCHECK_TCP_PORT) is waited for; a service that declares none costs nothing. What has ended is told.
/// </summary>
internal sealed class ServiceGate(
    ApiClient api, PreparedPod pod, IReadOnlyList<ServiceState> services, CallSettings settings, PortProbe probe, JobLog log, TimeProvider time)
{
    /// <summary>A longer wait is worth a line, and a watch for services that end meanwhile.</summary>
    private static readonly TimeSpan WatchAfter = TimeSpan.FromSeconds(3);

    private readonly HashSet<string> _told = [];

    private List<int> Ports => [.. services.SelectMany(s => s.Ports).Distinct()];

    /// <summary>1. what has ended already; 2. the declared ports.</summary>
    /// <exception cref="FailureException">A service does not listen on a port that it declares.</exception>
    public async Task PassAsync(CancellationToken cancellationToken)
    {
        // Step 1
        await TellAsync(await api.GetAsync<V1Pod>(ApiPaths.Of(pod.Namespace, "pods", pod.Name), cancellationToken), cancellationToken);

        // Step 2
        if (Ports.Count > 0 && settings.ServicesTimeout > TimeSpan.Zero)
        {
            await WaitAsync(cancellationToken);
        }
    }

    /// <summary>After a script that failed: a service that died meanwhile may be why. Best-effort.</summary>
    public async Task TellEndedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await TellAsync(await api.GetOnceAsync<V1Pod>(ApiPaths.Of(pod.Namespace, "pods", pod.Name), cancellationToken), cancellationToken);
        }
        catch (Exception e) when (e is ApiException or FailureException or OperationCanceledException)
        {
            // The script's own failure is what counts.
        }
    }

    private async Task TellAsync(V1Pod state, CancellationToken cancellationToken)
    {
        foreach (var ended in EndedService.Of(state, services).Where(e => _told.Add(e.Service.Container)))
        {
            if (ended.Service.Ports.Count > 0)
            {
                throw await FailureAsync(ended.Service, $"it {ended.Story}", cancellationToken);
            }

            var lines = await new ServiceLog(api, pod, ended.Service.Container).LastLinesAsync(cancellationToken);
            log.Warning($"Service {ended.Service.Container} ({ended.Service.Image}) {ended.Story}: {lines}");
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        var closed = (await ProbeAsync(cancellationToken)).ToHashSet();
        if (services.FirstOrDefault(s => s.Ports.Any(closed.Contains)) is { } silent)
        {
            var ports = string.Join(", ", silent.Ports.Where(closed.Contains));
            throw await FailureAsync(silent, $"nothing listens on port {ports} after {settings.ServicesTimeout.TotalSeconds:0} s", cancellationToken);
        }

        if (time.GetElapsedTime(begin) > TimeSpan.FromSeconds(1))
        {
            log.Line($"Services are ready after {time.GetElapsedTime(begin).TotalSeconds:0.0} s.");
        }
    }

    /// <returns>The declared ports that stay closed.</returns>
    private async Task<IReadOnlyList<int>> ProbeAsync(CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var probing = probe.ClosedAsync(Ports, settings.ServicesTimeout, over.Token);
        var watching = WatchAsync(over.Token);
        try
        {
            if (await Task.WhenAny(probing, watching) == watching && watching is { IsCompletedSuccessfully: true, Result: { } ended })
            {
                throw await FailureAsync(ended.Service, $"it {ended.Story}", cancellationToken);
            }

            return await probing;
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll((Task)probing, watching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The first service with a declared port that ends; null if the pod cannot be watched.</summary>
    private async Task<EndedService?> WatchAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(WatchAfter, time, cancellationToken);
        var waited = services.Where(s => s.Ports.Count > 0).Select(s => $"{s.Container} on port {string.Join(", ", s.Ports)}");
        log.Line($"Waiting for services: {string.Join("; ", waited)}");
        var watch = new PodWatch(api, pod.Namespace, pod.Name, new Retry(settings.RetryBudget, time));
        return await watch.FirstAsync(p => EndedService.Of(p, services).FirstOrDefault(e => e.Service.Ports.Count > 0), cancellationToken);
    }

    private async Task<FailureException> FailureAsync(ServiceState service, string why, CancellationToken cancellationToken)
    {
        var lines = await new ServiceLog(api, pod, service.Container).LastLinesAsync(cancellationToken);
        return new FailureException(new Failure(
            FailureKind.Job,
            $"Service {service.Container} ({service.Image}) is not ready: {why}",
            lines,
            "Check the service's variables and its HEALTHCHECK_TCP_PORT; if it only needs more time, raise kubernetes.wait_for_services_timeout."));
    }
}
