using System.Net;
using Google.Protobuf;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Pods;
using PodExecutor.Link;

namespace PodExecutor.Driver.Runs;

/// <summary>
/// Connects to the agents of a job's pod, each time in the cheapest way that is known to work:
/// <code>
///   first contact with a container ── exec, plain; it brings the key ──────────► the agent tells its port
///   later ── port-forward to that port, handshake ──► done
///                 │ forbidden, not served                 │ nobody there, or not the agent
///                 ▼                                       ▼
///          remembered for the job              ── exec, handshake ──► done; remembered, too
/// </code>
/// An exec costs the node ten times what a port-forward costs (docs/adr/0004-exec-stream.md).
/// </summary>
/// <param name="remember">Keeps the state for the job's next call.</param>
internal sealed class AgentConnections(ApiClient api, PreparedPod pod, LinkState state, Action<LinkState> remember, TimeProvider time)
{
    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(10);

    private LinkState _state = state;

    /// <exception cref="ApiException">The API server refuses, or cannot be reached.</exception>
    /// <exception cref="LinkLostException">No agent answers, or another process answers in its place.</exception>
    public async Task<AgentConnection> OpenAsync(string container, CancellationToken cancellationToken)
    {
        if (!_state.Ports.TryGetValue(container, out var port))
        {
            return AgentConnection.Of(await ExecAsync(container, cancellationToken), Contact(container));
        }

        if (_state.Transport == LinkTransport.Exec || port == 0)
        {
            return await SealAsync(await ExecAsync(container, cancellationToken), container, cancellationToken);
        }

        if (await TryForwardAsync(container, port, cancellationToken) is { } forwarded)
        {
            return forwarded;
        }

        var connection = await SealAsync(await ExecAsync(container, cancellationToken), container, cancellationToken);
        Remember(_state with { Transport = LinkTransport.Exec });
        return connection;
    }

    /// <summary>The agent has answered the first contact.</summary>
    /// <param name="port">0 if it does not listen.</param>
    public void Met(string container, int port)
    {
        if (!_state.Ports.ContainsKey(container))
        {
            Remember(_state.WithPort(container, port));
        }
    }

    private FirstContact Contact(string container) => new()
    {
        Key = UnsafeByteOperations.UnsafeWrap(LinkHandshake.KeyOf(container, _state.Key)),
        Listen = _state.Transport == LinkTransport.Auto,
    };

    private Task<ExecStream> ExecAsync(string container, CancellationToken cancellationToken) =>
        api.ExecAsync(pod.Namespace, pod.Name, container, PodLayout.LinkCommand(container), cancellationToken);

    /// <returns>Null if this way does not lead to the agent.</returns>
    private async Task<AgentConnection?> TryForwardAsync(string container, int port, CancellationToken cancellationToken)
    {
        try
        {
            return await SealAsync(await api.PortForwardAsync(pod.Namespace, pod.Name, port, cancellationToken), container, cancellationToken);
        }
        catch (ApiException e) when (IsRefusal(e.Status))
        {
            return null;
        }
        catch (LinkLostException)
        {
            return null;
        }
    }

    /// <summary>The account may not, or the server or a proxy does not do it. 404 is a pod that is gone, which the exec tells better.</summary>
    private static bool IsRefusal(HttpStatusCode? status) => status is HttpStatusCode.Forbidden or HttpStatusCode.NotFound
        or HttpStatusCode.BadRequest or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented or HttpStatusCode.UpgradeRequired;

    private async Task<AgentConnection> SealAsync(ChannelStream channel, string container, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(HandshakePatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return AgentConnection.Of(channel, await LinkHandshake.ConnectAsync(channel, LinkHandshake.KeyOf(container, _state.Key), either.Token));
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var why = e is IOException ? e.Message : $"no answer within {HandshakePatience.TotalSeconds:0} s";
            var farewell = channel.Farewell;
            await channel.DisposeAsync();
            throw new LinkLostException($"the handshake with the agent failed: {(farewell.Length > 0 ? farewell : why)}", e);
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
    }

    private void Remember(LinkState state)
    {
        _state = state;
        remember(state);
    }
}
