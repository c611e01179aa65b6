using System.Globalization;
using System.Runtime.InteropServices;

namespace PodExecutor.Bench.Measuring;

/// <summary>What the one child that runs, or has just run, used.</summary>
internal static unsafe partial class ChildUsage
{
    private const int Children = -1;

    /// <summary>User and system seconds of all children that have ended. Two readings around one child give that child's.</summary>
    public static double CpuSeconds()
    {
        Usage usage;
        return GetResourceUsage(Children, &usage) == 0
            ? usage.UserSeconds + usage.SystemSeconds + ((usage.UserMicroseconds + usage.SystemMicroseconds) / 1e6)
            : throw new BenchException("getrusage failed");
    }

    /// <summary>
    /// Peak of the running child's resident memory, 0 if there is none. Asked while it runs, since the ru_maxrss that remains
    /// afterwards is never below that of the process that started it.
    /// </summary>
    public static long PeakBytesOfRunning()
    {
        try
        {
            var child = Directory.GetDirectories("/proc/self/task")
                .SelectMany(thread => File.ReadAllText(thread + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .FirstOrDefault();
            // Between fork and exec the child still is this program, with its memory.
            var isStarting = child is not null && File.ReadAllText($"/proc/{child}/comm") == File.ReadAllText("/proc/self/comm");
            var peak = child is null || isStarting ? null : File.ReadLines($"/proc/{child}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return peak is null ? 0 : 1024 * long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // A thread of ours, or the child, has just ended.
            return 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "getrusage", SetLastError = true)]
    private static partial int GetResourceUsage(int who, Usage* usage);

    /// <summary>struct rusage: two timevals and fourteen longs.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Usage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;
        public fixed long Others[14];
    }
}
