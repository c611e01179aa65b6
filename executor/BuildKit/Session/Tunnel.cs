using System.IO.Pipelines;
using Grpc.Core;

namespace PodExecutor.BuildKit.Session;

/// <summary>Moves the bytes between Control.Session and the HTTP/2 server inside it, with back-pressure in both directions.</summary>
internal sealed class Tunnel : IAsyncDisposable
{
    /// <summary>Large enough that a message's own cost does not count, small enough not to keep smaller answers waiting.</summary>
    private const int MaxChunk = 64 * 1024;

    private readonly AsyncDuplexStreamingCall<BytesChunk, PooledBytes> _call;

    private readonly Pipe _fromDaemon = new(PipeOptionsOf(1 << 20));

    private readonly Pipe _toDaemon = new(PipeOptionsOf(256 * 1024));

    private readonly CancellationTokenSource _stop = new();

    public Tunnel(AsyncDuplexStreamingCall<BytesChunk, PooledBytes> call)
    {
        _call = call;
        Server = new Duplex(_fromDaemon.Reader, _toDaemon.Writer);
        Completion = PumpAsync();
    }

    /// <summary>The end that the HTTP/2 server holds.</summary>
    public IDuplexPipe Server { get; }

    /// <summary>Ends with the tunnel: well, when this client closed it; with the reason, when the daemon or the connection did.</summary>
    public Task Completion { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Completion.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
        _call.Dispose();
        _stop.Dispose();
    }

    private async Task PumpAsync()
    {
        var down = DownAsync();
        var up = UpAsync();
        var first = await Task.WhenAny(down, up).ConfigureAwait(false);
        var closedHere = _stop.IsCancellationRequested;
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(Quiet(down), Quiet(up)).ConfigureAwait(false);
        if (!closedHere)
        {
            await first.ConfigureAwait(false);
            throw new SessionLostException("The daemon closed the session.");
        }
    }

    private async Task DownAsync()
    {
        Exception? reason = null;
        try
        {
            while (await _call.ResponseStream.MoveNext(_stop.Token).ConfigureAwait(false))
            {
                using var chunk = _call.ResponseStream.Current;
                var flushed = await _fromDaemon.Writer.WriteAsync(chunk.Memory, _stop.Token).ConfigureAwait(false);
                if (flushed.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception error)
        {
            reason = error;
            throw;
        }
        finally
        {
            await _fromDaemon.Writer.CompleteAsync(reason is null ? null : new IOException("the session ended", reason)).ConfigureAwait(false);
        }
    }

    private async Task UpAsync()
    {
        var reader = _toDaemon.Reader;
        var chunk = new BytesChunk();
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(_stop.Token).ConfigureAwait(false);
                var buffer = result.Buffer;
                while (!buffer.IsEmpty)
                {
                    chunk.Data = buffer.Slice(0, Math.Min(buffer.Length, MaxChunk));
                    await _call.RequestStream.WriteAsync(chunk, _stop.Token).ConfigureAwait(false);
                    buffer = buffer.Slice(chunk.Data.End);
                }

                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    break;
                }
            }

            await _call.RequestStream.CompleteAsync().ConfigureAwait(false);
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static async Task Quiet(Task task) =>
        await task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);

    private static PipeOptions PipeOptionsOf(int limit) =>
        new(pauseWriterThreshold: limit, resumeWriterThreshold: limit / 2, minimumSegmentSize: 16 * 1024, useSynchronizationContext: false);

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input { get; } = input;

        public PipeWriter Output { get; } = output;
    }
}
