using System.Text.Json;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>The API server's own record of who asked for what.</summary>
internal static class AuditEntries
{
    /// <summary>Every request of our binary in this namespace, in order: "create pods", "watch pods", "create pods/exec"….</summary>
    public static IReadOnlyList<string> OfDriver(TestCluster cluster, string ns)
    {
        using var file = new FileStream(cluster.AuditLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var requests = new Dictionary<string, string>();
        while (reader.ReadLine() is { } line)
        {
            // The last line may be half written.
            if (!line.Contains($"\"namespace\":\"{ns}\"", StringComparison.Ordinal) || !line.EndsWith('}'))
            {
                continue;
            }

            var entry = JsonDocument.Parse(line).RootElement;
            if (entry.GetProperty("userAgent").GetString()!.StartsWith("pod-executor/", StringComparison.Ordinal))
            {
                var target = entry.GetProperty("objectRef");
                var sub = target.TryGetProperty("subresource", out var name) ? "/" + name.GetString() : "";
                requests[entry.GetProperty("auditID").GetString()!] = $"{entry.GetProperty("verb").GetString()} {target.GetProperty("resource").GetString()}{sub}";
            }
        }

        return [.. requests.Values];
    }
}
