namespace PodExecutor.Driver.Pipelines.Display;

/// <summary>Standard output whose reader may go (try … | head): the jobs must still be ended and cleaned up.</summary>
internal sealed class LastingOutput(Stream output) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            output.Write(buffer);
        }
        catch (IOException)
        {
            // Nobody reads any more; there is nobody to tell.
        }
    }

    public override void Flush()
    {
        try
        {
            output.Flush();
        }
        catch (IOException)
        {
            // As above.
        }
    }
}
