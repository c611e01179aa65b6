using System.Net;
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

/// <summary>Watches one pod and its events: two requests, no polling, and no list, since whoever created the pod knows its version.</summary>
internal sealed class PodWatch(ApiClient api, string ns, string name, Retry retry)
{
    /// <summary>
    /// Gives news, the given state first, until the caller stops or the pod is deleted, which is told even if it happened while the
    /// API server was away.
    /// </summary>
    /// <exception cref="ApiException">The pod cannot be watched, or could not for the whole retry budget.</exception>
    public async IAsyncEnumerable<PodNews> NewsAsync(V1Pod start, [EnumeratorCancellation] CancellationToken cancel)
    {
        yield return new PodNews(Pod: start);
        var news = Channel.CreateUnbounded<PodNews>(new UnboundedChannelOptions { SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pods = WatchPodAsync(start, news.Writer, stop.Token);
        var events = WatchEventsAsync(start.Metadata.Uid, news.Writer, stop.Token);
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
            await Task.WhenAll(pods, events);
        }
    }

    /// <summary>Watches the pod, without its events, until its state is what is looked for; null if the pod goes before.</summary>
    /// <exception cref="ApiException">The pod cannot be watched.</exception>
    public async Task<T?> FirstAsync<T>(Func<V1Pod, T?> find, CancellationToken cancel)
        where T : class
    {
        T? found = null;
        await FollowAsync(null, item => item.Deleted || (found = find(item.Pod!)) is not null, known: true, cancel);
        return found;
    }

    /// <summary>Watches until the pod is gone. It may be gone already.</summary>
    /// <exception cref="ApiException">The pod cannot be watched.</exception>
    public Task GoneAsync(V1Pod pod, CancellationToken cancel) => FollowAsync(pod, item => item.Deleted, known: false, cancel);

    private async Task WatchPodAsync(V1Pod start, ChannelWriter<PodNews> news, CancellationToken cancel)
    {
        try
        {
            await FollowAsync(start, item => news.TryWrite(item) && item.Deleted, known: true, cancel);
            news.TryComplete();
        }
#pragma warning disable CA1031 // It is the reader's: a channel that stays open without a word would let the job wait for nothing.
        catch (Exception e)
#pragma warning restore CA1031
        {
            news.TryComplete(e);
        }
    }

    private async Task WatchEventsAsync(string uid, ChannelWriter<PodNews> news, CancellationToken cancel)
    {
        var watch = new ResourceWatch(api, retry, $"{ApiPaths.Of(ns, "events")}?fieldSelector=involvedObject.uid%3D{uid}");
        try
        {
            await watch.FollowAsync(null, item => !news.TryWrite(new PodNews(Event: PodEvent.Of(Read<Corev1Event>(item.Item)))), null, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The caller has seen enough.
        }
#pragma warning disable CA1031 // Events are best-effort: without them the job goes on, and its log says so.
        catch (Exception e)
#pragma warning restore CA1031
        {
            news.TryWrite(new PodNews(EventsRefused: e.Message));
        }
    }

    /// <param name="start">The pod's last known state; null: any pod of the name.</param>
    /// <param name="known">The pod is there at this state.</param>
    private Task FollowAsync(V1Pod? start, Func<PodNews, bool> enough, bool known, CancellationToken cancel)
    {
        var last = start;
        var watch = new ResourceWatch(api, retry, $"{ApiPaths.Of(ns, "pods")}?fieldSelector=metadata.name%3D{name}");
        return watch.FollowAsync(
            start?.Metadata.ResourceVersion,
            item =>
            {
                var pod = Read<V1Pod>(item.Item);
                if (pod.Metadata?.Name != name || (item.Type != WatchEvent.Deleted && IsOld(pod, last)))
                {
                    return false;
                }

                // Another pod of the same name: ours must have gone before.
                var deleted = item.Type == WatchEvent.Deleted || (last is not null && pod.Metadata.Uid != last.Metadata.Uid);
                last = deleted ? last ?? pod : pod;
                return enough(new PodNews(Pod: deleted && item.Type == WatchEvent.Deleted ? pod : last, Deleted: deleted)) || deleted;
            },
            async token => await IsGoneAsync(last, token) && (enough(new PodNews(Pod: last, Deleted: true)) || true),
            cancel,
            known);
    }

    /// <summary>One request, not retried: we are inside a retry.</summary>
    private async Task<bool> IsGoneAsync(V1Pod? last, CancellationToken cancel)
    {
        try
        {
            var pod = await api.GetOnceAsync<V1Pod>(ApiPaths.Of(ns, "pods", name), cancel);
            return last is not null && pod.Metadata.Uid != last.Metadata.Uid;
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return true;
        }
    }

    /// <summary>A watch without a version begins with what we may have seen already.</summary>
    private static bool IsOld(V1Pod pod, V1Pod? last) =>
        last?.Metadata.ResourceVersion is { } version && pod.Metadata.ResourceVersion == version && pod.Metadata.Uid == last.Metadata.Uid;

    /// <exception cref="JsonException">It is not what it should be.</exception>
    private static T Read<T>(JsonElement item) => KubernetesJson.Deserialize<T>(item);
}
