using System.Text.Json;

namespace PodExecutor.Bench.Cluster;

/// <summary>The API server's own record of requests. Those of the cluster's parts are not in it.</summary>
internal static class AuditLog
{
    /// <summary>How many requests to this namespace came in between the two times.</summary>
    public static int Count(string file, string ns, DateTimeOffset from, DateTimeOffset to)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var requests = new HashSet<string>();
        while (reader.ReadLine() is { } line)
        {
            // The last line may be half written.
            if (!line.Contains($"\"namespace\":\"{ns}\"", StringComparison.Ordinal) || !line.EndsWith('}'))
            {
                continue;
            }

            // A watch or an exec has two lines with one id.
            using var entry = JsonDocument.Parse(line);
            var received = entry.RootElement.GetProperty("requestReceivedTimestamp").GetDateTimeOffset();
            if (received >= from && received <= to)
            {
                requests.Add(entry.RootElement.GetProperty("auditID").GetString() ?? "");
            }
        }

        return requests.Count;
    }
}
