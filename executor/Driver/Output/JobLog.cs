namespace PodExecutor.Driver.Output;

/// <summary>
/// Our own lines in the job log. gitlab-runner adds the timestamps, masks secrets and shows both pipes; we print to one of
/// them only, because their order against each other is not kept.
/// </summary>
internal sealed class JobLog(TextWriter output)
{
    private const string Red = "\e[31;1m";
    private const string Yellow = "\e[0;33m";
    private const string Reset = "\e[0;m";

    public static JobLog OnStdout() => new(Writer(Console.OpenStandardOutput()));

    public static JobLog OnStderr() => new(Writer(Console.OpenStandardError()));

    public void Line(string text) => Write(text);

    public void Warning(string text) => Write($"{Yellow}WARNING: {text}{Reset}");

    public void Error(Failures.Failure failure)
    {
        Write($"{Red}ERROR: {failure.What}{Reset}");
        if (failure.Why is { Length: > 0 } why)
        {
            Write($"  why:  {Indent(why)}");
        }

        if (failure.Hint is { Length: > 0 } hint)
        {
            Write($"  help: {Indent(hint)}");
        }
    }

    // Console.Out and Console.Error would start the terminal's handling, which takes longer than a short call's own work.
    private static TextWriter Writer(Stream stream) => TextWriter.Synchronized(new StreamWriter(stream, bufferSize: 512));

    private static string Indent(string text) => text.ReplaceLineEndings("\n        ");

    private void Write(string text)
    {
        try
        {
            output.Write(text + "\n");
            output.Flush();
        }
        catch (IOException)
        {
            // The runner has gone: nobody reads any more, and what we do must still be done.
        }
    }
}
