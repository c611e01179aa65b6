using PodExecutor.Agent.Builders.Choosing;

namespace PodExecutor.Agent.Builders.Forwarding;

/// <summary>Of a connection: the builder that it leads to; chosen at its first call where the socket leads to any.</summary>
internal sealed class BuilderFeature(Func<CancellationToken, Task<BuilderConnection>> choose)
{
    private readonly Lock _lock = new();
    private Task<BuilderConnection>? _chosen;

    public Task<BuilderConnection> GetAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            // A choice that failed is tried again by the next call.
            return _chosen is { IsFaulted: false, IsCanceled: false } ? _chosen : _chosen = choose(cancel);
        }
    }
}
