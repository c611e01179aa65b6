using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace PodExecutor.BuildKit.Session;

/// <summary>
/// The one connection of a <see cref="TunnelTransport"/>. Not ASP.NET's DefaultConnectionContext: its Abort leaves a work item behind that ends the process when
/// the connection is disposed first (ObjectDisposedException on a pool thread, seen in 1 of 40 builds).
/// </summary>
internal sealed class TunnelConnection(IDuplexPipe transport) : ConnectionContext
{
    /// <summary>Never disposed: it holds no timer and no wait handle, and Abort may come at any time.</summary>
    private readonly CancellationTokenSource _closed = new();

    public override string ConnectionId { get; set; } = "session";

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; } = transport;

    public override CancellationToken ConnectionClosed { get => _closed.Token; set => throw new NotSupportedException(); }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        Transport.Input.CancelPendingRead();
        _closed.Cancel();
    }

    public override async ValueTask DisposeAsync()
    {
        await Transport.Input.CompleteAsync().ConfigureAwait(false);
        await Transport.Output.CompleteAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
