using System.Security.Cryptography;
using PodExecutor.Agent.Builders;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>One connection of a driver, from its first frame: the conversation of protos/agent.proto, seen from the agent.</summary>
internal sealed class LinkSession(Stream stream, StageRuns runs, BuilderHost builders, TimeProvider time) : IDisposable
{
    /// <summary>Bytes. A generated script has a few hundred kilobytes.</summary>
    private const ulong MaxScript = 256UL * 1024 * 1024;

    private readonly FrameReader<DriverFrame> _reader = new(stream, DriverFrame.Parser);
    private readonly FrameWriter<AgentFrame> _writer = new(stream);
    private bool _stopRequested;

    /// <summary>Reads the first frame of a stream without a handshake, and offers its key.</summary>
    /// <returns>False if there is no such frame, or the key is not accepted.</returns>
    public async Task<bool> MeetAsync(Func<FirstContact, bool> agree, CancellationToken cancellationToken)
    {
        if ((await NextAsync(cancellationToken))?.FirstContact is not { } contact)
        {
            return false;
        }

        if (agree(contact))
        {
            return true;
        }

        await RefuseAsync(Refused.Types.Reason.KeyTaken, "the agent of this container has agreed on another key before", cancellationToken);
        return false;
    }

    /// <param name="port">The agent's loopback port, or 0.</param>
    public async Task RunAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            var frame = await NextAsync(cancellationToken);
            if (frame?.ProbePorts is { } probe)
            {
                await ProbeAsync(probe, cancellationToken);
            }
            else if (frame?.Open is { } open)
            {
                await OpenAsync(open, port, cancellationToken);
            }
        }
        catch (StartRefusedException e)
        {
            await RefuseAsync(e.Reason, e.Message, cancellationToken);
        }
        catch (Exception e) when (e is not (IOException or OperationCanceledException or ObjectDisposedException))
        {
            // The driver shall read what happened; without an answer it would only see its stream cut, and try again.
            await RefuseAsync(Refused.Types.Reason.StartFailed, $"{e.GetType().Name}: {e.Message}", cancellationToken);
            throw;
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
    }

    private async Task OpenAsync(Open open, int port, CancellationToken cancellationToken)
    {
        if (open.Protocol != LinkProtocol.Version)
        {
            throw new StartRefusedException(Refused.Types.Reason.ProtocolVersion, $"the agent speaks link version {LinkProtocol.Version}");
        }

        if (open.Builders is { } set)
        {
            await builders.ServeAsync(set, cancellationToken);
        }

        var known = runs.Find(open.RunId);
        var welcome = new Welcome { Protocol = LinkProtocol.Version, AgentVersion = AgentVersion.Text, Resumed = known is not null, Port = (uint)port };
        await SendAsync(new AgentFrame { Welcome = welcome }, cancellationToken);
        if (known is null)
        {
            // A long script over a slow stream, or a wait for the build container's user: the driver must see that this end lives.
            known = await WithHeartbeatsAsync(token => StartAsync(open, token), cancellationToken);
        }

        if (known is not null)
        {
            if (_stopRequested)
            {
                _ = known.StopAsync();
            }

            await new RunConversation(known, NextAsync, SendAsync).RunAsync((long)open.Position, cancellationToken);
        }
    }

    private async Task<StageRun?> StartAsync(Open open, CancellationToken cancellationToken) =>
        await ReceiveScriptAsync(open, cancellationToken) is { } script ? await runs.StartAsync(open, script, cancellationToken) : null;

    private async Task ProbeAsync(ProbePorts probe, CancellationToken cancellationToken)
    {
        int[] ports = [.. probe.Ports.Select(p => (int)p)];
        var closed = await WithHeartbeatsAsync(
            token => new PortProbe(time).WaitAsync(ports, TimeSpan.FromMilliseconds(probe.LimitMs), token), cancellationToken);
        await SendAsync(new AgentFrame { PortsProbed = new PortsProbed { Closed = { closed.Select(p => (uint)p) } } }, cancellationToken);

        // The driver hangs up once it has the answer: closing the stream first could lose it.
        _ = await NextAsync(cancellationToken);
    }

    private async Task<T> WithHeartbeatsAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var heartbeats = HeartbeatAsync(over.Token);
        try
        {
            return await work(cancellationToken);
        }
        finally
        {
            await over.CancelAsync();
            await heartbeats.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task HeartbeatAsync(CancellationToken over)
    {
        while (true)
        {
            await Task.Delay(LinkProtocol.HeartbeatAfter, time, over);

            // Not canceled in the middle of a record: more follows on the same stream.
            await SendAsync(new AgentFrame { Heartbeat = new Heartbeat() }, CancellationToken.None);
        }
    }

    /// <summary>The whole script, verified; null if the connection ends before. A part of a script is never run.</summary>
    private async Task<byte[]?> ReceiveScriptAsync(Open open, CancellationToken cancellationToken)
    {
        if (open.ScriptSize > MaxScript)
        {
            throw new StartRefusedException(Refused.Types.Reason.ScriptDamaged, $"a script of {open.ScriptSize} bytes is not accepted");
        }

        var script = new byte[open.ScriptSize];
        var filled = 0;
        while (filled < script.Length)
        {
            var frame = await NextAsync(cancellationToken);
            if (frame is null)
            {
                return null;
            }

            // A stop can overtake the script when it is sent again.
            _stopRequested |= frame.FrameCase == DriverFrame.FrameOneofCase.Stop;
            if (frame.FrameCase != DriverFrame.FrameOneofCase.Script)
            {
                continue;
            }

            var data = frame.Script.Data;
            if (data.Length > script.Length - filled)
            {
                throw new StartRefusedException(Refused.Types.Reason.ScriptDamaged, "more script arrived than was announced");
            }

            data.Span.CopyTo(script.AsSpan(filled));
            filled += data.Length;
        }

        return SHA256.HashData(script).AsSpan().SequenceEqual(open.ScriptSha256.Span)
            ? script
            : throw new StartRefusedException(Refused.Types.Reason.ScriptDamaged, "the script's digest does not match");
    }

    /// <summary>The next frame; null if the driver has gone or is silent for too long.</summary>
    private async Task<DriverFrame?> NextAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(LinkProtocol.DeadAfter, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return await _reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private Task RefuseAsync(Refused.Types.Reason reason, string detail, CancellationToken cancellationToken) =>
        SendAsync(new AgentFrame { Refused = new Refused { Reason = reason, Detail = detail } }, cancellationToken);

    private Task SendAsync(AgentFrame frame, CancellationToken cancellationToken) => _writer.WriteAsync(frame, cancellationToken);
}
