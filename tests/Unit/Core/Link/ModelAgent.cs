using System.Text;
using Google.Protobuf;
using PodExecutor.Link;

namespace PodExecutor.Tests.Unit.Core.Link;

/// <summary>
/// An agent as protos/agent.proto says, without a process: it "runs" a script by having its output ready. It serves one stream after the
/// other, each with the frames and the rules of the protocol, and counts what a driver must never cause.
/// </summary>
internal sealed class ModelAgent(IReadOnlyList<byte[]> output, int window = 64)
{
    private string? _runId;
    private bool _stopped;
    private int _forgotten;

    /// <summary>How many scripts were started.</summary>
    public int Starts { get; private set; }

    /// <summary>The script goes on until it is stopped.</summary>
    public bool WaitsForStop { get; init; }

    public bool ContactsFirst { get; init; }

    /// <summary>The frames of each stream, in order of arrival.</summary>
    public List<List<DriverFrame.FrameOneofCase>> Streams { get; } = [];

    public byte[] Script { get; private set; } = [];

    public async Task ServeAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var reader = new FrameReader<DriverFrame>(stream, DriverFrame.Parser);
        using var writer = new FrameWriter<AgentFrame>(stream);
        var heard = new List<DriverFrame.FrameOneofCase>();
        Streams.Add(heard);
        try
        {
            async Task<DriverFrame?> NextAsync()
            {
                var frame = await reader.ReadAsync(cancellationToken);
                if (frame is not null)
                {
                    heard.Add(frame.FrameCase);
                }

                return frame;
            }

            if (ContactsFirst && (await NextAsync())?.FirstContact is null)
            {
                return;
            }

            if ((await NextAsync())?.Open is { } open && await StartAsync(open, NextAsync, writer, cancellationToken))
            {
                await ConverseAsync((int)open.Position, NextAsync, writer, cancellationToken);
            }
        }
        catch (IOException)
        {
            // The stream is cut.
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }

    private async Task<bool> StartAsync(Open open, Func<Task<DriverFrame?>> next, FrameWriter<AgentFrame> writer, CancellationToken cancellationToken)
    {
        var known = _runId == open.RunId;
        await writer.WriteAsync(new AgentFrame { Welcome = new Welcome { Protocol = open.Protocol, Resumed = known, Port = 61234 } }, cancellationToken);
        if (known)
        {
            return true;
        }

        var script = new MemoryStream();
        while (script.Length < (long)open.ScriptSize)
        {
            if (await next() is not { } frame)
            {
                return false;
            }

            _stopped |= frame.Stop is not null;
            script.Write(frame.Script is { } part ? part.Data.Span : []);
        }

        (_runId, Script) = (open.RunId, script.ToArray());
        Starts++;
        return true;
    }

    private async Task ConverseAsync(int position, Func<Task<DriverFrame?>> next, FrameWriter<AgentFrame> writer, CancellationToken cancellationToken)
    {
        if (position < _forgotten)
        {
            await writer.WriteAsync(new AgentFrame { Refused = new Refused { Reason = Refused.Types.Reason.RunUnknown } }, cancellationToken);
            return;
        }

        await writer.WriteAsync(new AgentFrame { Started = new Started { AckWindow = (uint)window } }, cancellationToken);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_stopped || !WaitsForStop)
        {
            stopping.TrySetResult();
        }

        var hearing = HearAsync(next, stopping);
        while (position < output.Count)
        {
            var data = UnsafeByteOperations.UnsafeWrap(output[position++]);
            await writer.WriteAsync(new AgentFrame { Output = new Output { Data = data, Next = (ulong)position } }, cancellationToken);
        }

        await Task.WhenAny(stopping.Task, hearing);
        if (stopping.Task.IsCompleted)
        {
            await writer.WriteAsync(new AgentFrame { Ended = new Ended { ExitCode = 7, Stopped = _stopped } }, cancellationToken);
        }

        await hearing;
    }

    private async Task HearAsync(Func<Task<DriverFrame?>> next, TaskCompletionSource stopping)
    {
        while (await next() is { Close: null } frame)
        {
            _forgotten = Math.Max(_forgotten, (int)(frame.Ack?.Position ?? 0));
            if (frame.Stop is not null)
            {
                _stopped = true;
                stopping.TrySetResult();
            }
        }
    }

    public static IReadOnlyList<byte[]> Lines(int count) => [.. Enumerable.Range(0, count).Select(i => Encoding.ASCII.GetBytes($"line {i}\n"))];
}
