using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using k8s;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Pods;

/// <summary>Something new about the pod: its state, an event, its end, or that we may not see events.</summary>
internal sealed record PodNews(V1Pod? Pod = null, PodEvent? Event = null, bool Deleted = false, string? EventsRefused = null);

/// <summary>Watches one pod and its events: two requests, no polling. A watch that ends is opened again.</summary>
internal sealed class PodWatch(ApiClient api, string ns, string name, Retry retry)
{
    private string PodPath => $"api/v1/namespaces/{ns}/pods?watch=1&fieldSelector=metadata.name%3D{name}";

    /// <summary>Gives news until the caller stops, the pod is deleted, or the API server is away for longer than the retry budget.</summary>
    /// <exception cref="ApiException">The pod cannot be watched.</exception>
    public async IAsyncEnumerable<PodNews> NewsAsync(string uid, [EnumeratorCancellation] CancellationToken cancel)
    {
        var news = Channel.CreateUnbounded<PodNews>(new UnboundedChannelOptions { SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pods = WatchPodAsync(uid, news.Writer, stop.Token);
        var events = WatchEventsAsync(uid, news.Writer, stop.Token);
        try
        {
            await foreach (var item in news.Reader.ReadAllAsync(cancel))
            {
                yield return item;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(pods, events).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Watches the pod, without its events, until its state is what is looked for; null if the pod goes before.</summary>
    /// <exception cref="ApiException">The pod cannot be watched.</exception>
    public async Task<T?> FirstAsync<T>(Func<V1Pod, T?> find, CancellationToken cancel)
        where T : class
    {
        T? found = null;
        await FollowAsync(
            PodPath,
            (type, item) =>
            {
                found = find(KubernetesJson.Deserialize<V1Pod>(item));
                return found is null && type != "DELETED";
            },
            cancel);
        return found;
    }

    /// <summary>Watches until the pod of this version is deleted, or the watch ends.</summary>
    public async Task GoneAsync(string? version, CancellationToken cancel)
    {
        await foreach (var line in api.WatchAsync($"{PodPath}&resourceVersion={version}", cancel))
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.GetProperty("type").GetString() is "DELETED" or "ERROR")
            {
                return;
            }
        }
    }

    private async Task WatchPodAsync(string uid, ChannelWriter<PodNews> news, CancellationToken cancel)
    {
        try
        {
            await FollowAsync(PodPath, (type, item) => OnPod(type, item, uid, news), cancel);
            news.TryComplete();
        }
        catch (Exception e) when (e is ApiException or OperationCanceledException)
        {
            news.TryComplete(e);
        }
    }

    private static bool OnPod(string type, JsonElement item, string uid, ChannelWriter<PodNews> news)
    {
        var pod = KubernetesJson.Deserialize<V1Pod>(item);
        if (pod.Metadata.Uid != uid)
        {
            return true;
        }

        var deleted = type == "DELETED";
        news.TryWrite(new PodNews(Pod: pod, Deleted: deleted));
        return !deleted;
    }

    private async Task WatchEventsAsync(string uid, ChannelWriter<PodNews> news, CancellationToken cancel)
    {
        var path = $"api/v1/namespaces/{ns}/events?watch=1&fieldSelector=involvedObject.uid%3D{uid}";
        try
        {
            await FollowAsync(
                path,
                (_, item) => news.TryWrite(new PodNews(Event: PodEvent.Of(KubernetesJson.Deserialize<Corev1Event>(item)))),
                cancel);
        }
        catch (ApiException e)
        {
            // Events are a comfort: without the right to see them the job goes on.
            news.TryWrite(new PodNews(EventsRefused: e.Message));
        }
        catch (OperationCanceledException)
        {
            // The caller has seen enough.
        }
    }

    /// <summary>Opens the watch again and again until the handler has enough; without a version, so each begins with what is.</summary>
    private Task<bool> FollowAsync(string path, Func<string, JsonElement, bool> handle, CancellationToken cancel) =>
        retry.RunAsync(
            async (progress, token) =>
            {
                while (true)
                {
                    await foreach (var line in api.WatchAsync(path, token))
                    {
                        using var json = JsonDocument.Parse(line);
                        var type = json.RootElement.GetProperty("type").GetString() ?? "";
                        if (type == "ERROR")
                        {
                            break;
                        }

                        progress();
                        if (type is not "BOOKMARK" && !handle(type, json.RootElement.GetProperty("object")))
                        {
                            return true;
                        }
                    }

                    token.ThrowIfCancellationRequested();
                    throw new ApiException("watch", null, "", "the watch ended");
                }
            },
            null,
            cancel);
}
