using System.Buffers;

namespace PodExecutor.Driver.Pipelines.Display;

/// <summary>
/// Passes a job log on as GitLab's page shows it: without the section markers, and, where nobody can see them, without colours. Works on
/// chunks that end anywhere, in constant memory.
/// </summary>
internal sealed class PlainText(Stream output, bool color) : WriteOnlyStream
{
    private const byte Escape = 0x1b;

    // A longer one is no escape sequence; it is passed on as it is.
    private const int LongestSequence = 64;

    private readonly ArrayBufferWriter<byte> _sequence = new();

    public override void Flush() => output.Flush();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var plain = new ArrayBufferWriter<byte>(buffer.Length + LongestSequence);
        foreach (var b in buffer)
        {
            Take(b, plain);
        }

        output.Write(plain.WrittenSpan);
    }

    /// <summary>Closes what it writes to: the chain is made and ended as one.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            output.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Take(byte b, ArrayBufferWriter<byte> plain)
    {
        if (_sequence.WrittenCount == 0 && b != Escape)
        {
            plain.Write([b]);
            return;
        }

        _sequence.Write([b]);
        var sequence = _sequence.WrittenSpan;
        var isControl = sequence.Length < 2 || sequence[1] == (byte)'[';
        var isEnd = sequence.Length > 2 && b is >= 0x40 and <= 0x7e;
        if (isControl && !isEnd && sequence.Length < LongestSequence)
        {
            return;
        }

        // "Erase the line" is for terminals that show progress; colours ("m") only for those that can.
        if (!isControl || !isEnd || (color && b == (byte)'m'))
        {
            plain.Write(sequence);
        }

        _sequence.ResetWrittenCount();
    }
}
