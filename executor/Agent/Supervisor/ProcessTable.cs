using System.Globalization;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Supervisor;

/// <summary>A process as /proc shows it.</summary>
internal sealed record ProcessInfo(int Pid, int Parent, string Name);

/// <summary>
/// The processes that scripts have started: all descendants of this agent. Orphans come back to the agent (PID 1 or
/// subreaper), so a process cannot leave by a double fork; what an exec from outside started has another root and stays.
/// </summary>
internal static class ProcessTable
{
    public static IReadOnlyList<ProcessInfo> Descendants(int root)
    {
        var byParent = All().ToLookup(p => p.Parent);
        var found = new List<ProcessInfo>();
        var open = new Queue<int>([root]);
        while (open.TryDequeue(out var parent))
        {
            foreach (var process in byParent[parent])
            {
                found.Add(process);
                open.Enqueue(process.Pid);
            }
        }

        return found;
    }

    public static void Signal(IEnumerable<ProcessInfo> processes, int signal)
    {
        foreach (var process in processes)
        {
            // ESRCH is what we want: it is gone already.
            _ = Libc.Kill(process.Pid, signal);
        }
    }

    private static IEnumerable<ProcessInfo> All()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Read(pid) is { } process)
            {
                yield return process;
            }
        }
    }

    private static ProcessInfo? Read(int pid)
    {
        try
        {
            // "17 (name that may hold ) and blanks) S 1 …": the name ends at the last parenthesis.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var open = stat.IndexOf('(', StringComparison.Ordinal);
            var close = stat.LastIndexOf(')');
            var fields = stat[(close + 2)..].Split(' ', 3);
            var zombie = fields[0] is "Z" or "X";
            return zombie ? null : new ProcessInfo(pid, int.Parse(fields[1], CultureInfo.InvariantCulture), stat[(open + 1)..close]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
