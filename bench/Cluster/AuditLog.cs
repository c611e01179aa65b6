using System.Text.Json;

namespace PodExecutor.Bench.Cluster;

/// <summary>Requests of one sample.</summary>
internal readonly record struct RequestCounts(int All, int Execs, int PortForwards);

/// <summary>The API server's own record of requests. Those of the cluster's parts are not in it.</summary>
internal static class AuditLog
{
    /// <summary>How many requests to this namespace came in between the two times, and how many of them opened streams into a pod.</summary>
    public static RequestCounts Count(string file, string ns, DateTimeOffset from, DateTimeOffset to)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var requests = new Dictionary<string, string>();
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
                requests[entry.RootElement.GetProperty("auditID").GetString() ?? ""] =
                    entry.RootElement.GetProperty("objectRef").TryGetProperty("subresource", out var sub) ? sub.GetString() ?? "" : "";
            }
        }

        return new RequestCounts(requests.Count, requests.Values.Count(s => s == "exec"), requests.Values.Count(s => s == "portforward"));
    }
}
