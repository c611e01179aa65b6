using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace PodExecutor.Bench.Cluster;

/// <summary>
/// The kubelet's Started events of all pods of the namespace, with the time of their arrival. They come at once, whereas the pod's
/// status follows at the kubelet's next look, up to a second later.
/// </summary>
internal sealed class StartedEvents : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<(string Pod, long Time)> _events = Channel.CreateUnbounded<(string, long)>();
    private readonly Task _watch;

    public StartedEvents(BenchCluster cluster) => _watch = WatchAsync(cluster);

    /// <summary>When the last of the pod's containers had started, as a Stopwatch's time.</summary>
    public async Task<long> LastAsync(string pod, int containers, CancellationToken stop)
    {
        await foreach (var (name, time) in _events.Reader.ReadAllAsync(stop))
        {
            if (name == pod && --containers == 0)
            {
                return time;
            }
        }

        throw new BenchException($"The events of pod {pod} ended too early.");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task WatchAsync(BenchCluster cluster)
    {
        try
        {
            var path = $"api/v1/namespaces/{cluster.Namespace}/events?watch=1&fieldSelector=reason%3DStarted";
            await cluster.WatchAsync(path, (_, item) => !_events.Writer.TryWrite((Pod(item), Stopwatch.GetTimestamp())), _stop.Token);
        }
        catch (Exception e)
        {
            _events.Writer.TryComplete(e);
            throw;
        }
    }

    private static string Pod(JsonElement item) => item.GetProperty("involvedObject").GetProperty("name").GetString() ?? "";
}
