using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Agent.Builders;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>One connection of a driver: the conversation of protos/agent.proto, seen from the agent.</summary>
internal sealed class LinkSession(Stream stream, StageRuns runs, BuilderHost builders, TimeProvider time) : IDisposable
{
    /// <summary>A script is some hundred kilobytes; more than this is no script.</summary>
    private const ulong MaxScript = 256UL * 1024 * 1024;

    private readonly FrameReader<DriverFrame> _reader = new(stream, DriverFrame.Parser);
    private readonly FrameWriter<AgentFrame> _writer = new(stream);

    public async Task RunAsync(CancellationToken cancel)
    {
        if ((await NextAsync(cancel))?.Open is not { } open)
        {
            return;
        }

        if (open.Protocol != LinkProtocol.Version)
        {
            await RefuseAsync(Refused.Types.Reason.ProtocolVersion, $"the agent speaks link version {LinkProtocol.Version}", cancel);
            return;
        }

        if (open.Builders is { } set)
        {
            await builders.ServeAsync(set, cancel);
        }

        try
        {
            if (await FindOrStartAsync(open, cancel) is { } run)
            {
                await ConverseAsync(run, (long)open.Position, cancel);
            }
        }
        catch (StartRefusedException e)
        {
            await RefuseAsync(e.Reason, e.Message, cancel);
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
        stream.Dispose();
    }

    private async Task<StageRun?> FindOrStartAsync(Open open, CancellationToken cancel)
    {
        var known = runs.Find(open.RunId);
        await SendAsync(new AgentFrame { Welcome = new Welcome { Protocol = LinkProtocol.Version, AgentVersion = AgentVersion.Text, Resumed = known is not null } }, cancel);
        if (known is not null)
        {
            return known;
        }

        var script = await ReceiveScriptAsync(open, cancel);
        return script is null ? null : await runs.StartAsync(open, script, cancel);
    }

    /// <summary>The whole script, verified; null if the connection ends before. A part of a script is never run.</summary>
    private async Task<byte[]?> ReceiveScriptAsync(Open open, CancellationToken cancel)
    {
        if (open.ScriptSize > MaxScript)
        {
            throw new StartRefusedException(Refused.Types.Reason.ScriptDamaged, $"a script of {open.ScriptSize} bytes is not accepted");
        }

        var script = new byte[open.ScriptSize];
        var filled = 0;
        while (filled < script.Length)
        {
            var frame = await NextAsync(cancel);
            if (frame is null)
            {
                return null;
            }

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
            : throw new StartRefusedException(Refused.Types.Reason.ScriptDamaged, "the script's digest does not fit");
    }

    private async Task ConverseAsync(StageRun run, long position, CancellationToken cancel)
    {
        if (position < run.Spool.Acknowledged || position > run.Spool.Written)
        {
            await RefuseAsync(Refused.Types.Reason.RunUnknown, $"the output from position {position} on is not kept", cancel);
            return;
        }

        await SendAsync(new AgentFrame { Started = run.Started }, cancel);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var receiving = ReceiveAsync(run, either.Token);
        var sending = SendOutputAsync(run, position, either.Token);
        var asking = run.Asks?.ForwardAsync((ask, token) => SendAsync(new AgentFrame { Ask = ask }, token), either.Token) ?? Task.CompletedTask;
        await Task.WhenAny(receiving, sending);

        // The sender has said everything once Ended is out; the driver's Close is still to come.
        if (sending.IsCompletedSuccessfully)
        {
            await receiving;
        }

        await either.CancelAsync();
        await Task.WhenAll(Quiet(receiving), Quiet(sending), Quiet(asking));
    }

    private async Task ReceiveAsync(StageRun run, CancellationToken cancel)
    {
        var answers = new Dictionary<ulong, MessageParts>();
        while (await NextAsync(cancel) is { } frame)
        {
            switch (frame.FrameCase)
            {
                case DriverFrame.FrameOneofCase.Ack:
                    run.Spool.Acknowledge((long)frame.Ack.Position);
                    break;
                case DriverFrame.FrameOneofCase.Answer:
                    Receive(frame.Answer, answers, run.Asks);
                    break;
                case DriverFrame.FrameOneofCase.Stop:
                    _ = run.StopAsync();
                    break;
                case DriverFrame.FrameOneofCase.Close:
                    return;
                default:
                    break;
            }
        }
    }

    private static void Receive(Answer part, Dictionary<ulong, MessageParts> answers, AskRelay? asks)
    {
        if (!answers.TryGetValue(part.Id, out var message))
        {
            answers[part.Id] = message = new MessageParts(AskRelay.MaxMessage);
        }

        message.Add(part.Data, part.Last);
        if (part.Last)
        {
            answers.Remove(part.Id);
            asks?.Answer(part.Id, message.Whole);
        }
    }

    private async Task SendOutputAsync(StageRun run, long position, CancellationToken cancel)
    {
        var buffer = new byte[LinkProtocol.ChunkSize];
        while (true)
        {
            // Asked before the spool is: the last bytes are in the spool before the run has ended.
            var ended = run.Ended.IsCompleted;
            var count = run.Spool.Read(position, buffer, out var next);
            if (count > 0)
            {
                var output = new Output { Channel = Channel.Stdout, Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count)), Next = (ulong)next };
                await SendAsync(new AgentFrame { Output = output }, cancel);
                position = next;
            }
            else if (ended)
            {
                await SendAsync(new AgentFrame { Ended = await run.Ended }, cancel);
                return;
            }
            else if (!await run.Spool.WaitAsync(LinkProtocol.HeartbeatAfter, cancel))
            {
                await SendAsync(new AgentFrame { Heartbeat = new Heartbeat() }, cancel);
            }
        }
    }

    /// <summary>The next frame; null if the driver has gone or is silent for too long.</summary>
    private async Task<DriverFrame?> NextAsync(CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(LinkProtocol.DeadAfter, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            return await _reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    private Task RefuseAsync(Refused.Types.Reason reason, string detail, CancellationToken cancel) =>
        SendAsync(new AgentFrame { Refused = new Refused { Reason = reason, Detail = detail } }, cancel);

    private Task SendAsync(AgentFrame frame, CancellationToken cancel) => _writer.WriteAsync(frame, cancel);

    private static async Task Quiet(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The connection is being given up; the run goes on without it.
        }
    }
}
