using System.Buffers.Binary;
using System.IO.Pipelines;

namespace PodExecutor.BuildKit.Ssh;

/// <summary>An agent inside this process: lists its keys and signs with them, and does nothing else that agents can do.</summary>
internal sealed class KeySshAgent(IEnumerable<string> keys) : SshAgent
{
    private const byte Failure = 5;
    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;

    /// <summary>OpenSSH's own limit.</summary>
    private const int MaxMessage = 256 * 1024;

    private readonly SshKey[] _keys = [.. keys.Select(SshKey.Parse)];

    internal override ValueTask<Stream> ConnectAsync(CancellationToken cancellation)
    {
        var requests = new Pipe();
        var answers = new Pipe();
        var conversation = Task.Run(() => ConverseAsync(requests.Reader, answers.Writer), cancellation);
        return ValueTask.FromResult<Stream>(new ConversationStream(answers.Reader.AsStream(), requests.Writer.AsStream(), conversation));
    }

    private async Task ConverseAsync(PipeReader requests, PipeWriter answers)
    {
        try
        {
            await using var input = requests.AsStream();
            await using var output = answers.AsStream();
            var prefix = new byte[4];
            while (await input.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false).ConfigureAwait(false) == prefix.Length)
            {
                var length = BinaryPrimitives.ReadUInt32BigEndian(prefix);
                if (length is 0 or > MaxMessage)
                {
                    return;
                }

                var message = new byte[length];
                await input.ReadExactlyAsync(message).ConfigureAwait(false);
                var answer = Answer(message);
                BinaryPrimitives.WriteUInt32BigEndian(prefix, (uint)answer.Length);
                await output.WriteAsync(prefix).ConfigureAwait(false);
                await output.WriteAsync(answer).ConfigureAwait(false);
            }
        }
        catch (EndOfStreamException)
        {
            // The other side hung up in the middle of a message.
        }
    }

    private byte[] Answer(byte[] message)
    {
        var reader = new SshReader(message.AsSpan(1));
        return message[0] switch
        {
            RequestIdentities => Identities(),
            SignRequest when reader.TryReadString(out var key) && reader.TryReadString(out var data) && reader.TryReadUInt32(out var flags) => Sign(key, data, flags),
            _ => [Failure],
        };
    }

    private byte[] Identities()
    {
        var writer = new SshWriter();
        writer.WriteByte(IdentitiesAnswer);
        writer.WriteUInt32((uint)_keys.Length);
        foreach (var key in _keys)
        {
            writer.WriteString(key.PublicBlob);
            writer.WriteString(SshKey.Comment);
        }

        return writer.ToArray();
    }

    private byte[] Sign(ReadOnlySpan<byte> publicBlob, ReadOnlySpan<byte> data, uint flags)
    {
        foreach (var key in _keys)
        {
            if (publicBlob.SequenceEqual(key.PublicBlob))
            {
                var writer = new SshWriter();
                writer.WriteByte(SignResponse);
                writer.WriteString(key.Sign(data, flags));
                return writer.ToArray();
            }
        }

        return [Failure];
    }

    /// <summary>The caller's end: what it writes are requests, what it reads are answers.</summary>
    internal sealed class ConversationStream(Stream answers, Stream requests, Task conversation) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => answers.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            answers.ReadAsync(buffer, offset, count, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => answers.Read(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => requests.WriteAsync(buffer, cancellationToken);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            requests.WriteAsync(buffer, offset, count, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => requests.Write(buffer, offset, count);

        public override void Flush() => requests.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        /// <summary>No more requests; answers that are on their way can still be read.</summary>
        public void CompleteRequests() => requests.Dispose();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                requests.Dispose();
                _ = conversation.ContinueWith(_ => answers.Dispose(), TaskScheduler.Default);
            }

            base.Dispose(disposing);
        }
    }
}
