using System.Globalization;

namespace PodExecutor.Bench.Measuring;

/// <summary>What a process holds in memory now, by /proc/PID/smaps_rollup.</summary>
/// <param name="PrivateBytes">Anonymous: its own, shared with nobody and backed by no file.</param>
/// <param name="ResidentBytes">With the pages of the binary, which all processes of it share.</param>
internal readonly record struct ProcessMemory(long PrivateBytes, long ResidentBytes)
{
    /// <summary>Of the one child of this process.</summary>
    /// <exception cref="BenchException">There is not exactly one.</exception>
    public static ProcessMemory OfChild()
    {
        var children = Directory.GetDirectories("/proc/self/task")
            .SelectMany(thread => File.ReadAllText(thread + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        if (children is not [var child])
        {
            throw new BenchException($"Expected one running child, found {children.Count}.");
        }

        var lines = File.ReadAllLines($"/proc/{child}/smaps_rollup");
        return new ProcessMemory(Bytes(lines, "Anonymous:"), Bytes(lines, "Rss:"));
    }

    private static long Bytes(IEnumerable<string> lines, string key)
    {
        var line = lines.First(l => l.StartsWith(key, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
