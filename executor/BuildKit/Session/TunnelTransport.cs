using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace PodExecutor.BuildKit.Session;

/// <summary>
/// A Kestrel transport with exactly one connection, that is there from the start: the tunnel inside Control.Session, on which the daemon is the client.
/// </summary>
internal sealed class TunnelTransport(IDuplexPipe tunnel) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is TunnelEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(endpoint, tunnel));

    /// <summary>No address: nobody else can connect.</summary>
    internal sealed class TunnelEndPoint : EndPoint
    {
        public override string ToString() => "BuildKit session";
    }

    private sealed class Listener(EndPoint endPoint, IDuplexPipe tunnel) : IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private int _accepted;

        public EndPoint EndPoint { get; } = endPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            Interlocked.Exchange(ref _accepted, 1) == 0
                ? new TunnelConnection(tunnel)
                : await _end.Task.WaitAsync(cancellationToken).ConfigureAwait(false);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _end.TrySetResult(null);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
