using Google.Protobuf;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// A driver and one run, over one connection: output and asks go out, acknowledgements, answers and Stop come in. When the connection
/// ends nothing of the run is lost: the next one starts at the driver's position.
/// </summary>
/// <param name="next">Reads a frame; null at the end of the connection.</param>
internal sealed class RunConversation(
    StageRun run, Func<CancellationToken, Task<DriverFrame?>> next, Func<AgentFrame, CancellationToken, Task> send)
{
    /// <param name="position">Everything before it is in the driver's stdout.</param>
    public async Task RunAsync(long position, CancellationToken cancellationToken)
    {
        if (position < run.Spool.Acknowledged || position > run.Spool.Written)
        {
            throw new StartRefusedException(Refused.Types.Reason.RunUnknown, $"the output from position {position} on is not kept");
        }

        run.Spool.Acknowledge(position);
        var started = run.Started.Clone();
        started.AckWindow = (uint)run.Spool.AckWindow;
        await send(new AgentFrame { Started = started }, cancellationToken);

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var receiving = ReceiveAsync(either.Token);
        var sending = SendOutputAsync(position, either.Token);
        var asking = run.Asks?.ForwardAsync((ask, token) => send(new AgentFrame { Ask = ask }, token), either.Token) ?? Task.CompletedTask;
        await Task.WhenAny(receiving, sending);

        // The sender has said everything once Ended is out; the driver's Close is still to come.
        if (sending.IsCompletedSuccessfully)
        {
            await receiving;
        }

        await either.CancelAsync();
        await Task.WhenAll(receiving, sending, asking);
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        var answers = new Dictionary<ulong, MessageParts>();
        while (await next(cancellationToken) is { } frame)
        {
            switch (frame.FrameCase)
            {
                case DriverFrame.FrameOneofCase.Ack:
                    run.Spool.Acknowledge((long)frame.Ack.Position);
                    break;
                case DriverFrame.FrameOneofCase.Answer:
                    Receive(frame.Answer, answers);
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

    private void Receive(Answer part, Dictionary<ulong, MessageParts> answers)
    {
        if (!answers.TryGetValue(part.Id, out var message))
        {
            answers[part.Id] = message = new MessageParts(AskRelay.MaxMessage);
        }

        message.Add(part.Data, part.Last);
        if (part.Last)
        {
            answers.Remove(part.Id);
            run.Asks?.Answer(part.Id, message.Whole);
        }
    }

    private async Task SendOutputAsync(long position, CancellationToken cancellationToken)
    {
        var buffer = new byte[LinkProtocol.ChunkSize];
        while (true)
        {
            // Asked before the spool is: the last bytes are in the spool before the run has ended.
            var ended = run.Ended.IsCompleted;
            var count = run.Spool.Read(position, buffer, out var behind);
            if (count > 0)
            {
                var output = new Output { Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count)), Next = (ulong)behind };
                await send(new AgentFrame { Output = output }, cancellationToken);
                position = behind;
            }
            else if (ended)
            {
                await send(new AgentFrame { Ended = await run.Ended }, cancellationToken);
                return;
            }
            else if (!await run.Spool.WaitAsync(LinkProtocol.HeartbeatAfter, cancellationToken))
            {
                await send(new AgentFrame { Heartbeat = new Heartbeat() }, cancellationToken);
            }
        }
    }
}
