using System.Globalization;

namespace PodExecutor.Agent.Supervisor;

/// <summary>What the agent must be allowed in order to run scripts as another user. `cap_drop = ["ALL"]` takes it even from root.</summary>
internal static class Capabilities
{
    // linux/capability.h. Without KILL a script could not be stopped.
    private static readonly (string Name, int Bit)[] Needed = [("CHOWN", 0), ("KILL", 5), ("SETGID", 6), ("SETUID", 7)];

    /// <summary>Those that this process lacks.</summary>
    public static IReadOnlyList<string> MissingHere()
    {
        try
        {
            return Missing(File.ReadLines("/proc/self/status"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not known: the kernel will say.
            return [];
        }
    }

    /// <param name="status">/proc/PID/status</param>
    public static IReadOnlyList<string> Missing(IEnumerable<string> status)
    {
        var line = status.FirstOrDefault(l => l.StartsWith("CapEff:", StringComparison.Ordinal));
        var digits = line.AsSpan(line is null ? 0 : "CapEff:".Length).Trim();
        return ulong.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var held)
            ? [.. Needed.Where(n => (held & (1UL << n.Bit)) == 0).Select(n => n.Name)]
            : [];
    }
}
