using System.Globalization;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache;

/// <summary>The job log's lines about one cache.</summary>
internal sealed class CacheLog(TextWriter log, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    public void Info(string text) => log.WriteLine(OneLine(text));

    public void Warn(string text) => log.WriteLine("WARNING: " + OneLine(text));

    /// <summary>Decimal, as people read sizes of downloads.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1_000 => $"{bytes} B",
        < 1_000_000 => $"{bytes / 1e3:0.0} kB",
        < 1_000_000_000 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e9:0.00} GB",
    };

    public static string Count(long files) => files.ToString("N0", CultureInfo.InvariantCulture) + (files == 1 ? " file" : " files");

    /// <summary>"in 1.2 s (170.3 MB/s)"</summary>
    public string Speed(long bytes)
    {
        var seconds = Math.Max(Elapsed.TotalSeconds, 0.001);
        return string.Create(CultureInfo.InvariantCulture, $"in {seconds:0.00} s ({bytes / 1e6 / seconds:0.0} MB/s)");
    }

    /// <summary>One line about many names: how many, and the first.</summary>
    public void Skipped(IReadOnlyCollection<byte[]> paths, string what)
    {
        if (paths.Count > 0)
        {
            Warn($"{Count(paths.Count)} {what}: {PathText.Decode(paths.First())}{(paths.Count > 1 ? ", …" : "")}");
        }
    }

    // Names come from jobs and archives: one with a line break could pretend to be a line of the runner.
    private static string OneLine(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;
}
