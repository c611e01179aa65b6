using System.Text;

namespace PodExecutor.Driver.Pipelines.Display;

/// <summary>Puts a job's name before each of its lines, and passes on whole lines only, so that two jobs' logs do not mix within a line.
/// Without a prefix it passes everything on at once. Never closes its output, which is shared.</summary>
internal sealed class PrefixedLines(Stream output, string? prefix) : WriteOnlyStream
{
    // A line longer than this is passed on in pieces: memory stays bounded.
    private const int LongestLine = 16 * 1024;

    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(prefix ?? "");
    private readonly MemoryStream _line = new();

    public override void Flush()
    {
        // Only whole lines leave; the rest waits for its end.
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (prefix is null)
        {
            output.Write(buffer);
            output.Flush();
            return;
        }

        foreach (var b in buffer)
        {
            _line.WriteByte(b);
            if (b == (byte)'\n' || _line.Length >= LongestLine)
            {
                Pass();
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && _line.Length > 0)
        {
            _line.WriteByte((byte)'\n');
            Pass();
        }

        base.Dispose(disposing);
    }

    private void Pass()
    {
        output.Write([.. _prefix, .. _line.ToArray()]);
        output.Flush();
        _line.SetLength(0);
    }
}
