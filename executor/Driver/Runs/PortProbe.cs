using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Link;

namespace PodExecutor.Driver.Runs;

/// <summary>Lets the helper's agent wait until TCP ports of the pod are open. All containers share one network, so a service's port is on its loopback.</summary>
internal sealed class PortProbe(AgentConnections agents, TimeSpan retryBudget, TimeProvider time)
{
    /// <param name="limit">Of the whole wait, over all streams that it takes.</param>
    /// <returns>The ports on which nothing listened within the limit.</returns>
    /// <exception cref="LinkLostException">The agent could not be reached within the retry budget.</exception>
    public async Task<IReadOnlyList<int>> ClosedAsync(IReadOnlyList<int> ports, TimeSpan limit, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        return await new Retry(retryBudget, time).RunAsync(
            async (progress, token) =>
            {
                var rest = limit - time.GetElapsedTime(begin);
                return await ProbeAsync(ports, rest > TimeSpan.Zero ? rest : TimeSpan.Zero, progress, token);
            },
            null,
            cancellationToken);
    }

    private async Task<IReadOnlyList<int>> ProbeAsync(IReadOnlyList<int> ports, TimeSpan limit, Action progress, CancellationToken cancellationToken)
    {
        await using var connection = await agents.OpenAsync(Stage.HelperContainer, cancellationToken);
        using var reader = new FrameReader<AgentFrame>(connection.Stream, AgentFrame.Parser);
        using var writer = new FrameWriter<DriverFrame>(connection.Stream);
        using var patience = new CancellationTokenSource(LinkProtocol.DeadAfter, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            if (connection.Contact is { } contact)
            {
                await writer.WriteAsync(new DriverFrame { FirstContact = contact }, either.Token);
            }

            var probe = new ProbePorts { LimitMs = (uint)limit.TotalMilliseconds, Ports = { ports.Select(p => (uint)p) } };
            await writer.WriteAsync(new DriverFrame { ProbePorts = probe }, either.Token);
            while (true)
            {
                patience.CancelAfter(LinkProtocol.DeadAfter);
                var frame = await reader.ReadAsync(either.Token) ?? throw new LinkLostException(connection.Farewell);
                progress();
                if (frame.PortsProbed is { } probed)
                {
                    return [.. probed.Closed.Select(p => (int)p)];
                }

                if (frame.Refused is { } refused)
                {
                    throw new FailureException(LinkFailures.Of(refused));
                }
            }
        }
        catch (IOException e) when (e is not LinkLostException)
        {
            throw new LinkLostException(e.Message, e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LinkLostException($"no message from the agent for {LinkProtocol.DeadAfter.TotalSeconds:0} s");
        }
    }
}
