using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using PodExecutor.BuildKit.Session;

namespace PodExecutor.BuildKit.Transport;

/// <summary>
/// HttpClient joins the values of a repeated header into one field "a, b"; the daemon looks for fields with one method each, and finds
/// "no local sources enabled". This takes the joined field of each request apart again, on its way out, and touches nothing else.
/// </summary>
/// <remarks>
/// HttpClient writes headers that it does not know as literals without indexing and without Huffman coding (RFC 7541, 6.2.2), so that neither the field's
/// place nor the compression's state changes anything.
/// </remarks>
internal sealed class RepeatedHeaderStream(Stream inner) : Stream
{
    private const int FrameHeaderSize = 9;
    private const int PrefaceSize = 24;
    private const byte HeadersFrame = 1;
    private const int LongestShortLength = 126;   // HPACK's 7-bit prefix: longer values take more than one byte

    /// <summary>Literal without indexing, name of N bytes, name.</summary>
    private static readonly byte[] FieldStart =
        [0x00, (byte)SessionProtocol.MethodHeader.Length, .. Encoding.ASCII.GetBytes(SessionProtocol.MethodHeader)];

    /// <summary>What of a HEADERS frame, or of a frame's own header, has been written so far.</summary>
    private readonly ArrayBufferWriter<byte> _held = new();

    private int _prefaceLeft = PrefaceSize;

    /// <summary>Bytes of the current frame that pass as they are.</summary>
    private long _passing;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (PassesWhole(buffer.Span))
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            return;
        }

        var output = new ArrayBufferWriter<byte>(buffer.Length + 1024);
        Rewrite(buffer.Span, output);
        if (output.WrittenCount > 0)
        {
            await inner.WriteAsync(output.WrittenMemory, cancellationToken).ConfigureAwait(false);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count)
    {
        var output = new ArrayBufferWriter<byte>(count + 1024);
        Rewrite(buffer.AsSpan(offset, count), output);
        inner.Write(output.WrittenSpan);
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>The usual case, file contents: whole frames, none of them with headers. They are not copied.</summary>
    private bool PassesWhole(ReadOnlySpan<byte> data)
    {
        if (_prefaceLeft > 0 || _held.WrittenCount > 0)
        {
            return false;
        }

        var passing = _passing;
        while (passing < data.Length)
        {
            var frame = data[(int)passing..];
            if (frame.Length < FrameHeaderSize || frame[3] == HeadersFrame)
            {
                return false;
            }

            passing += FrameHeaderSize + LengthOf(frame);
        }

        _passing = passing - data.Length;
        return true;
    }

    private void Rewrite(ReadOnlySpan<byte> data, ArrayBufferWriter<byte> output)
    {
        while (!data.IsEmpty)
        {
            if (_prefaceLeft > 0 || _passing > 0)
            {
                var count = (int)Math.Min(data.Length, _prefaceLeft > 0 ? _prefaceLeft : _passing);
                output.Write(data[..count]);
                data = data[count..];
                if (_prefaceLeft > 0)
                {
                    _prefaceLeft -= count;
                }
                else
                {
                    _passing -= count;
                }

                continue;
            }

            data = Hold(data, FrameHeaderSize);
            if (_held.WrittenCount < FrameHeaderSize)
            {
                return;
            }

            var length = LengthOf(_held.WrittenSpan);
            if (_held.WrittenSpan[3] != HeadersFrame)
            {
                output.Write(_held.WrittenSpan);
                _held.ResetWrittenCount();
                _passing = length;
                continue;
            }

            data = Hold(data, FrameHeaderSize + length);
            if (_held.WrittenCount == FrameHeaderSize + length)
            {
                WriteSplit(_held.WrittenSpan, output);
                _held.ResetWrittenCount();
            }
        }
    }

    private ReadOnlySpan<byte> Hold(ReadOnlySpan<byte> data, int size)
    {
        var count = Math.Min(data.Length, Math.Max(0, size - _held.WrittenCount));
        _held.Write(data[..count]);
        return data[count..];
    }

    private static void WriteSplit(ReadOnlySpan<byte> frame, ArrayBufferWriter<byte> output)
    {
        var field = frame.IndexOf(FieldStart);
        if (field < 0)
        {
            output.Write(frame);
            return;
        }

        var valueAt = field + FieldStart.Length;
        var (length, lengthSize) = ReadLength(frame[valueAt..]);
        var value = frame.Slice(valueAt + lengthSize, length);
        var block = new ArrayBufferWriter<byte>(frame.Length + 1024);
        block.Write(frame[FrameHeaderSize..field]);
        foreach (var method in Encoding.ASCII.GetString(value).Split(", "))
        {
            if (method.Length > LongestShortLength)
            {
                throw new InvalidOperationException($"the method name {method} is too long for a header");
            }

            block.Write(FieldStart);
            block.Write([(byte)method.Length]);
            block.Write(Encoding.ASCII.GetBytes(method));
        }

        block.Write(frame[(valueAt + lengthSize + length)..]);
        Span<byte> header = stackalloc byte[FrameHeaderSize];
        frame[..FrameHeaderSize].CopyTo(header);
        BinaryPrimitives.WriteUInt16BigEndian(header[1..], checked((ushort)(block.WrittenCount & 0xffff)));
        header[0] = (byte)(block.WrittenCount >> 16);
        output.Write(header);
        output.Write(block.WrittenSpan);
    }

    private static int LengthOf(ReadOnlySpan<byte> frame) => (frame[0] << 16) | (frame[1] << 8) | frame[2];

    /// <summary>RFC 7541, 5.1, with a prefix of 7 bits.</summary>
    private static (int Length, int Size) ReadLength(ReadOnlySpan<byte> data)
    {
        const int full = 0x7f;
        var length = data[0] & full;
        if (length < full)
        {
            return (length, 1);
        }

        var size = 1;
        for (var shift = 0; ; shift += 7)
        {
            var b = data[size++];
            length += (b & full) << shift;
            if (b <= full)
            {
                return (length, size);
            }
        }
    }
}
