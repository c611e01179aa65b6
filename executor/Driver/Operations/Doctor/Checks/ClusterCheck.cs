using System.Globalization;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>Whether the API server answers, and whether its version is one that we know.</summary>
internal static class ClusterCheck
{
    /// <summary>The oldest that our tests run on.</summary>
    private const int OldestMinor = 20;

    /// <summary>Signatures of S3 fail from 15 minutes on; gc and certificates sooner or later.</summary>
    private static readonly TimeSpan TolerableSkew = TimeSpan.FromMinutes(1);

    /// <returns>The connection, null if there is none.</returns>
    public static async Task<(ApiClient? Api, IReadOnlyList<Finding> Findings)> RunAsync(ExecutorOptions options, TimeProvider time, CancellationToken cancel)
    {
        ApiClient? api = null;
        try
        {
            api = Connection.Open(options.Kubernetes, time);
            var version = await api.GetAsync<VersionInfo>("version", cancel);
            return (api, [Judge(version, api.Server), .. Clock(await api.GetServerTimeAsync(cancel), time.GetUtcNow())]);
        }
        catch (FailureException e)
        {
            api?.Dispose();
            return (null, [.. e.Failures.Select(f => Finding.Error(f.What, f.Why, f.Hint!))]);
        }
        catch (ApiException e)
        {
            var failure = e.ToFailure($"The API server {api!.Server} does not answer as it should");
            api.Dispose();
            return (null, [Finding.Error(failure.What, failure.Why, failure.Hint!)]);
        }
    }

    private static Finding Judge(VersionInfo version, Uri server)
    {
        var isKnown = int.TryParse(version.Minor?.TrimEnd('+'), CultureInfo.InvariantCulture, out var minor);
        return version.Major == "1" && isKnown && minor < OldestMinor
            ? Finding.Warning($"{server} runs Kubernetes {version.GitVersion}", $"nothing before 1.{OldestMinor} is tested", "Upgrade the cluster.")
            : Finding.Ok($"{server} runs Kubernetes {version.GitVersion}");
    }

    private static IEnumerable<Finding> Clock(DateTimeOffset? server, DateTimeOffset here)
    {
        if (server is { } there && (there - here).Duration() > TolerableSkew)
        {
            yield return Finding.Warning(
                $"this machine's clock and the API server's are {(there - here).Duration().TotalMinutes:0} min apart",
                $"here it is {here:HH:mm:ss}, there {there:HH:mm:ss} UTC",
                "Synchronize both (NTP): certificates and signatures for S3 hold for minutes.");
        }
    }
}
