using System.Net;
using System.Text.Json;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Cluster;

/// <summary>
/// A watch that outlives its connections, as client-go's reflector does it: each new one goes on from the last version seen, so
/// nothing is missed. Bookmarks keep that version young. Where the server has forgotten it (410), the next watch starts without one:
/// the server then lists what there is, and the caller looks whether what it watched is still there.
/// </summary>
/// <param name="path">With a query: what is watched.</param>
internal sealed class ResourceWatch(ApiClient api, Retry retry, string path)
{
    private readonly string _name = $"watch {path.Split('?')[0]}";
    private readonly HashSet<string> _seen = [];

    /// <summary>Watches until the handler has enough.</summary>
    /// <param name="version">Where to start; null: with what there is.</param>
    /// <param name="handle">Gets each object; true: enough.</param>
    /// <param name="relist">Called with a watch open that knows nothing of what went before it was; true: enough.</param>
    /// <param name="known">False: what is watched may be gone by now, so start with <paramref name="relist"/> if there is no version.</param>
    /// <exception cref="ApiException">The server refuses, or could not be watched for the whole retry budget.</exception>
    public async Task FollowAsync(
        string? version, Func<WatchEvent, bool> handle, Func<CancellationToken, Task<bool>>? relist, CancellationToken cancel, bool known = true)
    {
        var last = version;
        await retry.RunAsync(
            async (progress, token) =>
            {
                try
                {
                    using var stream = await api.OpenWatchAsync(last is null ? path : $"{path}&resourceVersion={last}", token);
                    if (last is null && !known && relist is not null && await relist(token))
                    {
                        return true;
                    }

                    known = false;
                    while (await stream.ReadLineAsync(token) is { } line)
                    {
                        var item = Parse(line);
                        if (item.Type != WatchEvent.Bookmark && Handle(item, handle))
                        {
                            return true;
                        }

                        last = item.Version ?? last;
                        if (stream.HasLasted || (item.Version is { } seen && _seen.Add(seen)))
                        {
                            progress();
                        }
                    }

                    token.ThrowIfCancellationRequested();
                    if (stream.HasLasted)
                    {
                        progress();
                    }
                }
                catch (ApiException e) when (e.Status == HttpStatusCode.Gone || e.Reason is "Expired" or "Gone")
                {
                    (last, known) = (null, false);
                    throw new ApiException(_name, null, e.Reason, e.Detail, e.RetryAfter, e);
                }

                throw new ApiException(_name, null, "", "the connection of the watch ended");
            },
            null,
            cancel);
    }

    private WatchEvent Parse(string line)
    {
        try
        {
            var item = WatchEvent.Parse(line);
            return item.Type == WatchEvent.Error ? throw item.ToException(_name) : item;
        }
        catch (JsonException e)
        {
            throw Unreadable(e);
        }
    }

    private bool Handle(WatchEvent item, Func<WatchEvent, bool> handle)
    {
        try
        {
            return handle(item);
        }
        catch (JsonException e)
        {
            throw Unreadable(e);
        }
    }

    private ApiException Unreadable(JsonException e) =>
        new(_name, null, "", $"the server sent a line that is not a watch event, or the connection was cut within it: {e.Message}", inner: e);
}
