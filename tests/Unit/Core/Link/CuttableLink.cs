using System.Buffers;
using System.IO.Pipelines;

namespace PodExecutor.Tests.Unit.Core.Link;

/// <summary>Two ends of a stream in memory, which is cut as soon as either direction has carried its number of bytes: the rest is lost.</summary>
internal sealed class CuttableLink : IDisposable
{
    private readonly End _driver;
    private readonly End _agent;

    /// <param name="toAgent">Bytes that arrive at the agent.</param>
    /// <param name="toDriver">Bytes that arrive at the driver.</param>
    public CuttableLink(long toAgent = long.MaxValue, long toDriver = long.MaxValue)
    {
        var up = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var down = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        _driver = new End(down.Reader, up.Writer, toAgent, Cut);
        _agent = new End(up.Reader, down.Writer, toDriver, Cut);
    }

    public Stream Driver => _driver;

    public Stream Agent => _agent;

    /// <summary>Bytes that have gone from driver to agent.</summary>
    public long ToAgent => _driver.Written;

    public long ToDriver => _agent.Written;

    public void Dispose() => Cut();

    public void Cut()
    {
        _driver.CloseWriting();
        _agent.CloseWriting();
    }

    private sealed class End(PipeReader reader, PipeWriter writer, long limit, Action cut) : Stream
    {
        private readonly Lock _lock = new();
        private bool _closed;

        public long Written { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void CloseWriting()
        {
            lock (_lock)
            {
                if (!_closed)
                {
                    _closed = true;
                    writer.Complete();
                }
            }
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var result = await reader.ReadAsync(cancellationToken);
            var part = result.Buffer.Slice(0, Math.Min(buffer.Length, result.Buffer.Length));
            var at = 0;
            foreach (var segment in part)
            {
                segment.Span.CopyTo(buffer.Span[at..]);
                at += segment.Length;
            }

            reader.AdvanceTo(part.End);
            return at;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count;
            lock (_lock)
            {
                if (_closed)
                {
                    throw new IOException("The stream is cut.");
                }

                count = (int)Math.Min(buffer.Length, limit - Written);
                Written += count;
                writer.Write(buffer.Span[..count]);
            }

            await writer.FlushAsync(CancellationToken.None);
            if (count < buffer.Length || Written == limit)
            {
                cut();
            }
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            CloseWriting();
            base.Dispose(disposing);
        }
    }
}
