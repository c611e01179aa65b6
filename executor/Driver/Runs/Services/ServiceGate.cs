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

    /// <summary>A container that is over ends its log at once.</summary>
    private static readonly TimeSpan LogPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>Enough for the API server to learn that a service has started.</summary>
    private const int EarlyTries = 30;

    /// <summary>The container runtime may need a moment to notice an end.</summary>
    private const int LateTries = 2;

    /// <summary>Older kubelets report statuses every 10 s.</summary>
    private static readonly TimeSpan StatusDelay = TimeSpan.FromSeconds(15);

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

    /// <summary>Beside the job's script: tells of services that end while it starts. Ends with the stage at the latest.</summary>
    public Task TellEarlyAsync(CancellationToken stage) => TellOverAsync(Timeout.InfiniteTimeSpan, (tries, isKnown) => !isKnown && tries < EarlyTries, stage);

    /// <summary>After a script that failed: a service that died meanwhile may be why. Best-effort.</summary>
    public Task TellLateAsync(CancellationToken cancellationToken) => TellOverAsync(StatusDelay, (tries, _) => tries < LateTries, cancellationToken);

    /// <param name="patience">For the exit codes of services that are over.</param>
    /// <param name="again">Whether to look once more if none is over, by the number of looks and whether all services are known to run.</param>
    private async Task TellOverAsync(TimeSpan patience, Func<int, bool, bool> again, CancellationToken cancellationToken)
    {
        List<ServiceState> over = [];
        try
        {
            over = await OverAsync(again, cancellationToken);
            if (over.Count > 0)
            {
                using var limit = new CancellationTokenSource(patience, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
                var watch = new PodWatch(api, pod.Namespace, pod.Name, new Retry(settings.RetryBudget, time));
                var ended = await watch.FirstAsync(p => EndedService.Of(p, over).ToList() is { } all && all.Count == over.Count ? all : null, either.Token);
                foreach (var service in ended ?? [])
                {
                    await TellAsync(service.Service, service.Story);
                }
            }
        }
        catch (Exception e) when (e is ApiException or OperationCanceledException)
        {
            // No exit code; the end itself is told all the same.
        }

        // A log that was cut looks like one that has ended: only a second look makes it certain.
        using var second = new CancellationTokenSource(settings.RequestTimeout, time);
        foreach (var service in over.Where(s => !_told.Contains(s.Container)))
        {
            if (await LogOf(service).IsOverAsync(LogPatience, time, second.Token) == true)
            {
                await TellAsync(service, "has ended");
            }
        }
    }

    private async Task<List<ServiceState>> OverAsync(Func<int, bool, bool> again, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var probes = services.Where(s => !_told.Contains(s.Container))
                .Select(s => (Service: s, IsOver: LogOf(s).IsOverAsync(LogPatience, time, cancellationToken))).ToList();
            await Task.WhenAll(probes.Select(p => p.IsOver));
            List<ServiceState> over = [.. probes.Where(p => p.IsOver.Result == true).Select(p => p.Service)];
            if (over.Count > 0 || !again(tries, probes.TrueForAll(p => p.IsOver.Result is not null)))
            {
                return over;
            }

            await Task.Delay(LogPatience, time, cancellationToken);
        }
    }

    private ServiceLog LogOf(ServiceState service) => new(api, pod, service.Container);

    /// <summary>Once per service, and not canceled with the stage: the lines are what the reader needs.</summary>
    private async Task TellAsync(ServiceState service, string story)
    {
        if (_told.Add(service.Container))
        {
            using var limit = new CancellationTokenSource(settings.RequestTimeout, time);
            string lines;
            try
            {
                lines = await LogOf(service).LastLinesAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                lines = "its log could not be read in time";
            }

            log.Warning($"Service {service.Container} ({service.Image}) {story}: {lines}");
        }
    }

    private async Task TellAsync(V1Pod state, CancellationToken cancellationToken)
    {
        foreach (var ended in EndedService.Of(state, services))
        {
            if (ended.Service.Ports.Count > 0)
            {
                throw await FailureAsync(ended.Service, $"it {ended.Story}", cancellationToken);
            }

            await TellAsync(ended.Service, ended.Story);
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
        var lines = await LogOf(service).LastLinesAsync(cancellationToken);
        return new FailureException(new Failure(
            FailureKind.Job,
            $"Service {service.Container} ({service.Image}) is not ready: {why}",
            lines,
            "Check the service's variables and its HEALTHCHECK_TCP_PORT; if it only needs more time, raise kubernetes.wait_for_services_timeout."));
    }
}
