using System.Globalization;
using System.Net;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Runs;

/// <summary>
/// CI_DEBUG_SERVICES: the services' logs in the job log, while the job's own scripts run. A process ends with its stage, so a
/// file in the job's temporary directory tells the next one how far each log has been shown.
/// </summary>
internal sealed class ServiceLogs : IAsyncDisposable
{
    /// <summary>Between two looks whether a service's container has started: the API server refuses its log until it knows.</summary>
    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Looks at a log that is not followed: three seconds for the kubelet to tell of a container's start.</summary>
    private const int LooksAtTheEnd = 6;

    /// <summary>For the rest of logs that are not followed: a server that says nothing must not hold the job's last stage.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(30);

    private readonly ApiClient _api;
    private readonly PreparedPod _pod;
    private readonly JobLog _log;
    private readonly string _file;
    private readonly bool _follow;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, LogPosition> _shown;
    private readonly CancellationTokenSource _over;
    private readonly Task _reading;

    /// <param name="follow">Show what comes until disposal; else only what there is.</param>
    public ServiceLogs(ApiClient api, PreparedPod pod, IReadOnlyList<string> services, string directory, bool follow, JobLog log, TimeProvider time, CancellationToken cancel)
    {
        (_api, _pod, _log, _follow, _time) = (api, pod, log, follow, time);
        _file = Path.Combine(directory, $"{pod.Name}.service-logs");
        _shown = Load(_file);
        _over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _reading = Task.WhenAll(services.Select(ReadAsync));
    }

    /// <summary>Waits for the end of logs that are not followed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_follow)
        {
            await _over.CancelAsync();
        }
        else
        {
            _over.CancelAfter(LastPatience);
        }

        await _reading;
        _over.Dispose();
        try
        {
            await File.WriteAllLinesAsync(_file, _shown.Select(s => $"{s.Key} {s.Value.Time} {s.Value.Lines}"));
        }
        catch (IOException)
        {
            // Lines will be shown again; nothing worse.
        }
    }

    private async Task ReadAsync(string container)
    {
        try
        {
            for (var looks = 1; !await ShowAsync(container, _follow || looks < LooksAtTheEnd); looks++)
            {
                await Task.Delay(StartPause, _time, _over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The stage is over.
        }
    }

    /// <param name="again">There will be another look, so a container that has not started is no news.</param>
    /// <returns>False: the container has not started, and is to be looked at again.</returns>
    private async Task<bool> ShowAsync(string container, bool again)
    {
        LogPosition shown;
        lock (_shown)
        {
            shown = _shown.GetValueOrDefault(container) ?? LogPosition.Start;
        }

        try
        {
            DateTimeOffset? since = DateTimeOffset.TryParse(shown.Time, CultureInfo.InvariantCulture, out var time) ? time : null;
            var position = LogPosition.Start;
            await foreach (var line in new ServiceLog(_api, _pod, container).LinesAsync(since, _follow, _over.Token))
            {
                var cut = line.IndexOf(' ', StringComparison.Ordinal);
                if (cut < 0)
                {
                    continue;
                }

                position = position.After(line[..cut]);
                if (shown.Includes(line[..cut], position))
                {
                    continue;
                }

                _log.Line($"[service:{container}] {line[(cut + 1)..]}");
                lock (_shown)
                {
                    _shown[container] = position.IsBeyond(shown) ? position : shown;
                }
            }
        }
        catch (ApiException e) when (again && e.Status == HttpStatusCode.BadRequest)
        {
            return false;
        }
        catch (ApiException e)
        {
            _log.Warning($"The log of service {container} cannot be shown: {e.Detail}");
        }

        return true;
    }

    private static Dictionary<string, LogPosition> Load(string file)
    {
        try
        {
            return File.ReadAllLines(file).Select(l => l.Split(' ')).Where(p => p.Length == 3 && int.TryParse(p[2], out _))
                .ToDictionary(p => p[0], p => new LogPosition(p[1], int.Parse(p[2], CultureInfo.InvariantCulture)));
        }
        catch (IOException)
        {
            return [];
        }
    }
}
