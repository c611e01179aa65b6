using Google.Protobuf;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Link;

namespace PodExecutor.Driver.Runs;

/// <summary>
/// The driver's side of protos/agent.proto for one run. Its state outlives the streams: what was passed on is not passed on
/// again, a script that was once started is never sent again, and an ask that is being answered is not taken up anew.
/// </summary>
/// <param name="answer">Answers what the stage's process asks; null for a script, which asks nothing.</param>
internal sealed class Conversation(
    StageScript script, TimeSpan stopGrace, Stream stdout, Stream stderr, Func<ByteString, CancellationToken, Task<ByteString>>? answer, TimeProvider time)
{
    /// <summary>An ask holds a manifest at most.</summary>
    private const int MaxAsk = 256 * 1024 * 1024;

    private readonly Dictionary<ulong, Task<ByteString>> _asked = new();
    private bool _opened;
    private bool _welcomed;
    private bool _started;
    private ulong _position;
    private ulong _acknowledged;

    /// <summary>Converses over one stream until the run has ended.</summary>
    /// <param name="progress">Called when the agent answers.</param>
    /// <exception cref="LinkLostException">The stream was cut or is silent.</exception>
    /// <exception cref="FailureException">The agent refuses.</exception>
    public async Task<Ended> RunAsync(ExecStream stream, Action progress, CancellationToken stop, CancellationToken cancel)
    {
        using var reader = new FrameReader<AgentFrame>(stream, AgentFrame.Parser);
        using var writer = new FrameWriter<DriverFrame>(stream);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var heartbeats = HeartbeatsAsync(writer, stop, over.Token);
        var answering = new List<Task>();
        var asks = new Dictionary<ulong, MessageParts>();
        try
        {
            await OpenAsync(writer, cancel);
            while (true)
            {
                var frame = await NextAsync(reader, stream, cancel);
                progress();
                if (frame.FrameCase == AgentFrame.FrameOneofCase.Ask)
                {
                    answering.Add(TakeAsync(frame.Ask, asks, writer, over.Token, cancel));
                }
                else if (await HandleAsync(frame, writer, cancel) is { } ended)
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
            await heartbeats;
            await Task.WhenAll(answering);
        }
    }

    private async Task OpenAsync(FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        await writer.WriteAsync(new DriverFrame { Open = script.Open(_position, stopGrace, Pods.PodLayout.BuildsDirectory) }, cancel);
        if (!_opened)
        {
            // Nobody can know this run yet: its script goes along without a round trip.
            _opened = true;
            await SendScriptAsync(writer, cancel);
        }
    }

    private async Task SendScriptAsync(FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        foreach (var frame in script.Frames())
        {
            await writer.WriteAsync(frame, cancel);
        }
    }

    private async Task<AgentFrame> NextAsync(FrameReader<AgentFrame> reader, ExecStream stream, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(LinkProtocol.DeadAfter, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            return await reader.ReadAsync(either.Token) ?? throw new LinkLostException(Farewell(stream));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new LinkLostException($"nothing was heard of the agent for {LinkProtocol.DeadAfter.TotalSeconds:0} s");
        }
    }

    private static string Farewell(ExecStream stream) =>
        string.Join("; ", new[] { stream.StandardError, stream.Ended?.Message ?? "", "the stream to the agent ended" }.Where(s => s.Length > 0));

    private async Task<Ended?> HandleAsync(AgentFrame frame, FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        switch (frame.FrameCase)
        {
            case AgentFrame.FrameOneofCase.Welcome when !frame.Welcome.Resumed:
                await OnUnknownRunAsync(writer, cancel);
                return null;
            case AgentFrame.FrameOneofCase.Started:
                _started = true;
                return null;
            case AgentFrame.FrameOneofCase.Output:
                await PassOnAsync(frame.Output, writer, cancel);
                return null;
            case AgentFrame.FrameOneofCase.Ended:
                await writer.WriteAsync(new DriverFrame { Close = new Close() }, cancel);
                return frame.Ended;
            case AgentFrame.FrameOneofCase.Refused:
                throw new FailureException(RefusedFailure(frame.Refused));
            default:
                return null;
        }
    }

    /// <summary>Takes a part of an ask; with its last part the answering of it, beside everything else.</summary>
    /// <param name="stream">Ends with this stream.</param>
    /// <param name="cancel">Ends with the run.</param>
    private Task TakeAsync(
        Ask part, Dictionary<ulong, MessageParts> asks, FrameWriter<DriverFrame> writer, CancellationToken stream, CancellationToken cancel)
    {
        if (!asks.TryGetValue(part.Id, out var message))
        {
            asks[part.Id] = message = new MessageParts(MaxAsk);
        }

        message.Add(part.Data, part.Last);
        if (!part.Last || answer is null)
        {
            return Task.CompletedTask;
        }

        asks.Remove(part.Id);
        if (!_asked.TryGetValue(part.Id, out var answered))
        {
            _asked[part.Id] = answered = answer(message.Whole, cancel);
        }

        return AnswerAsync(part.Id, answered, writer, stream);
    }

    private static async Task AnswerAsync(ulong id, Task<ByteString> answered, FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        try
        {
            foreach (var (data, last) in MessageParts.Split(await answered.WaitAsync(cancel)))
            {
                await writer.WriteAsync(new DriverFrame { Answer = new Answer { Id = id, Data = data, Last = last } }, cancel);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The reader sees the cut, too; the agent asks again, and the answer is ready then.
        }
    }

    private async Task OnUnknownRunAsync(FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        if (_started)
        {
            throw new FailureException(new Failure(
                FailureKind.System,
                "The agent in the pod has lost the running script",
                "its container was started anew while the job ran",
                "Look at the pod's events; the runner may try the job again."));
        }

        // The first stream carried the script along; a later one finds out that it did not arrive whole.
        if (_welcomed)
        {
            await SendScriptAsync(writer, cancel);
        }

        _welcomed = true;
    }

    private async Task PassOnAsync(Link.Output output, FrameWriter<DriverFrame> writer, CancellationToken cancel)
    {
        var target = output.Channel == Channel.Stderr ? stderr : stdout;
        try
        {
            await target.WriteAsync(output.Data.Memory, cancel);
            await target.FlushAsync(cancel);
        }
        catch (IOException e)
        {
            throw new StdoutGoneException(e);
        }

        _position = output.Next;
        if (_position - _acknowledged >= LinkProtocol.AckEvery)
        {
            _acknowledged = _position;
            await writer.WriteAsync(new DriverFrame { Ack = new Ack { Position = _position } }, cancel);
        }
    }

    private static Failure RefusedFailure(Refused refused) => refused.Reason switch
    {
        Refused.Types.Reason.NoShell => new Failure(
            FailureKind.Job, "The job's image has no shell to run the script", refused.Detail, "Use an image with bash or sh."),
        Refused.Types.Reason.ProtocolVersion => new Failure(
            FailureKind.System, "Driver and helper image do not fit together", refused.Detail, "Set kubernetes.helper_image to the image of this version of pod-executor."),
        _ => new Failure(FailureKind.System, "The agent in the pod refuses the script", refused.Detail, "Look at the pod's log."),
    };

    /// <summary>Says that we live, and that the script is to stop, on this stream. Ends with the stream.</summary>
    private async Task HeartbeatsAsync(FrameWriter<DriverFrame> writer, CancellationToken stop, CancellationToken over)
    {
        try
        {
            var stopping = new TaskCompletionSource();
            await using var onStop = stop.Register(stopping.SetResult);
            var told = false;
            while (true)
            {
                var tick = Task.Delay(LinkProtocol.HeartbeatAfter, time, over);
                var first = told ? tick : await Task.WhenAny(tick, stopping.Task);
                await first;
                told |= first == stopping.Task;
                await writer.WriteAsync(first == stopping.Task ? new DriverFrame { Stop = new Stop() } : new DriverFrame { Heartbeat = new Heartbeat() }, over);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The reader sees the cut, too, and decides.
        }
    }
}
