using PodExecutor.Agent.Native;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders;

/// <summary>Keeps the gateway of this container: started when a driver names builders for the first time, started anew when it names others.</summary>
internal sealed class BuilderHost(string toolsDirectory, TimeProvider time) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private BuilderGateway? _gateway;

    /// <summary>Returns when the sockets are there.</summary>
    public async Task ServeAsync(BuilderSet set, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            if (_gateway?.Set.Equals(set) == true)
            {
                return;
            }

            if (_gateway is not null)
            {
                await _gateway.DisposeAsync();
                _gateway = null;
            }

            // Keys are in this process from here on: a hook that a job's author wrote runs in this container, perhaps as the same user, and must not read our memory.
            _ = Libc.Prctl(Libc.SetDumpable, 0, 0, 0, 0);
            _gateway = await BuilderGateway.StartAsync(set, new BuilderSockets(toolsDirectory), time, cancel);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }

        _turn.Dispose();
    }
}
