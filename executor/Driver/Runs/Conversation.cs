using Google.Protobuf;
using PodExecutor.Driver.Failures;
using PodExecutor.Link;

namespace PodExecutor.Driver.Runs;

/// <summary>
/// The driver's side of protos/agent.proto for one run. Its state outlives the streams: what was passed on is not passed on
/// again, a script that was once started is never sent again, and an ask that is being answered is not taken up anew.
/// </summary>
/// <remarks>
/// Each stream has a sender and a receiver. The sender owns the order of what goes out, so Open is the first frame whatever has happened:
/// <code>
///   sender:    [FirstContact] Open [Script*, on the first stream] then Heartbeat every 10 s, and Stop as soon as it is wanted
///   receiver:  Welcome → Script* if the agent has not got it; Output → stdout → Ack; Ask → Answer; Ended → Close
/// </code>
/// Every read and write has a time limit, so a stream that is half open ends as a cut one.
/// </remarks>
/// <param name="output">Takes the script's output; throws <see cref="StdoutGoneException"/> if nobody reads it any more.</param>
/// <param name="asks">Answers what the stage's process asks.</param>
internal sealed class Conversation(
    StageScript script, TimeSpan stopGrace, Func<ReadOnlyMemory<byte>, CancellationToken, Task> output, AskTable asks, TimeProvider time)
{
    private bool _opened;
    private bool _started;
    private ulong _position;
    private ulong _acknowledged;
    private ulong _window = 1;

    /// <summary>Converses over one stream until the run has ended.</summary>
    /// <param name="progress">Called with the agent's greeting, and with null when the run gets on: output, a heartbeat, the end.</param>
    /// <exception cref="LinkLostException">The stream was cut or is silent.</exception>
    /// <exception cref="FailureException">The agent refuses.</exception>
    public async Task<Ended> RunAsync(AgentConnection connection, Action<Welcome?> progress, CancellationToken stop, CancellationToken cancel)
    {
        using var reader = new FrameReader<AgentFrame>(connection.Stream, AgentFrame.Parser);
        using var writer = new FrameWriter<DriverFrame>(connection.Stream);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var carriesScript = !_opened;
        _opened = true;
        asks.NewStream();
        var sending = SendAsync(writer, connection.Contact, carriesScript, stop, over.Token);
        var answering = new List<Task>();
        try
        {
            while (true)
            {
                var frame = await NextAsync(reader, connection, cancel);
                if (frame.FrameCase is not (AgentFrame.FrameOneofCase.Started or AgentFrame.FrameOneofCase.Ask))
                {
                    progress(frame.Welcome);
                }

                if (frame.Ask is { } ask)
                {
                    answering.RemoveAll(t => t.IsCompleted);
                    answering.Add(AnswerAsync(ask.Id, asks.Take(ask, cancel), writer, over.Token));
                }
                else if (await HandleAsync(frame, carriesScript, writer, cancel) is { } ended)
                {
                    return ended;
                }
            }
        }
        catch (IOException e) when (e is not (LinkLostException or StdoutGoneException))
        {
            throw new LinkLostException(e.Message, e);
        }
        finally
        {
            await over.CancelAsync();
            await sending;
            await Task.WhenAll(answering);
        }
    }

    /// <summary>What goes out unasked. Ends with the stream; that it is cut the receiver sees, too, and decides.</summary>
    private async Task SendAsync(
        FrameWriter<DriverFrame> writer, FirstContact? contact, bool carriesScript, CancellationToken stop, CancellationToken over)
    {
        try
        {
            if (contact is not null)
            {
                await WriteAsync(writer, new DriverFrame { FirstContact = contact }, over);
            }

            await WriteAsync(writer, new DriverFrame { Open = script.Open(_position, stopGrace, Pods.PodLayout.BuildsDirectory) }, over);
            if (carriesScript)
            {
                // Nobody can know this run yet: its script goes along without a round trip.
                await SendScriptAsync(writer, over);
            }

            await HeartbeatsAsync(writer, stop, over);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // As above.
        }
    }

    private async Task HeartbeatsAsync(FrameWriter<DriverFrame> writer, CancellationToken stop, CancellationToken over)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var onStop = stop.Register(stopping.SetResult);
        var told = false;
        while (true)
        {
            var tick = Task.Delay(LinkProtocol.HeartbeatAfter, time, over);
            var first = told ? tick : await Task.WhenAny(stopping.Task, tick);
            await first;
            var isStop = first == stopping.Task;
            told |= isStop;
            await WriteAsync(writer, isStop ? new DriverFrame { Stop = new Stop() } : new DriverFrame { Heartbeat = new Heartbeat() }, over);
        }
    }

    private async Task SendScriptAsync(FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        foreach (var frame in script.Frames())
        {
            await WriteAsync(writer, frame, cancel);
        }
    }

    private async Task<AgentFrame> NextAsync(FrameReader<AgentFrame> reader, AgentConnection connection, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(LinkProtocol.DeadAfter, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            return await reader.ReadAsync(either.Token) ?? throw new LinkLostException(connection.Farewell);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new LinkLostException($"no message from the agent for {LinkProtocol.DeadAfter.TotalSeconds:0} s");
        }
    }

    /// <exception cref="LinkLostException">The stream does not take the frame.</exception>
    private async Task WriteAsync(FrameWriter<DriverFrame> writer, DriverFrame frame, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(LinkProtocol.DeadAfter, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            await writer.WriteAsync(frame, either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new LinkLostException($"the stream to the agent took nothing for {LinkProtocol.DeadAfter.TotalSeconds:0} s");
        }
    }

    private async Task<Ended?> HandleAsync(AgentFrame frame, bool carriesScript, FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        switch (frame.FrameCase)
        {
            case AgentFrame.FrameOneofCase.Welcome when !frame.Welcome.Resumed:
                await OnUnknownRunAsync(carriesScript, writer, cancel);
                return null;
            case AgentFrame.FrameOneofCase.Started:
                _started = true;
                _window = Math.Clamp(frame.Started.AckWindow, 1, (uint)LinkProtocol.AckEvery);
                return null;
            case AgentFrame.FrameOneofCase.Output:
                await PassOnAsync(frame.Output, writer, cancel);
                return null;
            case AgentFrame.FrameOneofCase.Ended:
                await CloseAsync(writer, cancel);
                return frame.Ended;
            case AgentFrame.FrameOneofCase.Refused:
                throw new FailureException(LinkFailures.Of(frame.Refused));
            default:
                return null;
        }
    }

    private async Task CloseAsync(FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        try
        {
            await WriteAsync(writer, new DriverFrame { Close = new Close() }, cancel);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The end is known; the agent forgets the run when the next one starts.
        }
    }

    private async Task OnUnknownRunAsync(bool carriesScript, FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        if (_started)
        {
            throw new FailureException(LinkFailures.RunLost);
        }

        // An earlier stream carried the script along, and it did not arrive whole.
        if (!carriesScript)
        {
            await SendScriptAsync(writer, cancel);
        }
    }

    private async Task AnswerAsync(ulong id, Task<ByteString>? answered, FrameWriter<DriverFrame> writer, CancellationToken over)
    {
        if (answered is null)
        {
            return;
        }

        try
        {
            foreach (var (data, last) in MessageParts.Split(await answered.WaitAsync(over)))
            {
                await WriteAsync(writer, new DriverFrame { Answer = new Answer { Id = id, Data = data, Last = last } }, over);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The receiver sees the cut, too; the agent asks again, and the answer is ready then.
        }
    }

    private async Task PassOnAsync(Link.Output part, FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        await output(part.Data.Memory, cancel);
        _position = part.Next;
        if (_position - _acknowledged >= _window)
        {
            _acknowledged = _position;
            await WriteAsync(writer, new DriverFrame { Ack = new Ack { Position = _position } }, cancel);
        }
    }
}
