using System.Text;

namespace PodExecutor.Driver.Pipelines.Display;

/// <summary>All that try prints, on one output, one writer at a time.</summary>
internal sealed class TryLog(Stream output, bool color, bool prefixed)
{
    private readonly Stream _output = Stream.Synchronized(output);

    /// <summary>A line of ours, between the jobs.</summary>
    public void Say(string text) => Write(_output, text);

    /// <summary>The log of a job, under a heading; with a prefix if others run at the same time.</summary>
    /// <param name="earlierTries">0 unless the job is retried.</param>
    public Stream OpenJob(string name, string stage, int earlierTries)
    {
        var heading = $"job {name} (stage {stage}){(earlierTries > 0 ? $", try {earlierTries + 1}" : "")}";
        Write(_output, color ? $"\n\e[1m{heading}\e[0m" : $"\n{heading}");
        return new PlainText(new PrefixedLines(_output, prefixed ? $"[{name}] " : null), color);
    }

    private static void Write(Stream output, string line)
    {
        output.Write(Encoding.UTF8.GetBytes(line + "\n"));
        output.Flush();
    }
}
