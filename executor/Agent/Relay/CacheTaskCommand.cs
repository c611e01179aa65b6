using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using PodExecutor.Agent.Cache;
using PodExecutor.Agent.Supervisor;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Relay;

/// <summary>
/// <c>pod-agent cache-task STATE_DIR TASK_FILE</c>: restores or saves the caches of a job, as the job's user. What it may do with the
/// store it asks the driver, over a socket that the supervisor has given to nobody else.
/// </summary>
internal static class CacheTaskCommand
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    /// <returns>0 also if a cache was not restored or saved: the log has said so, and a cache fails no job.</returns>
    public static async Task<int> RunAsync(string stateDirectory, string taskFile, TimeProvider time, CancellationToken cancel)
    {
        var task = CacheTask.Parser.ParseFrom(await File.ReadAllBytesAsync(taskFile, cancel));
        await using var asks = DriverAsks.OfThisProcess();
        using var client = Client(task.CertificateAuthorities);
        var context = new CacheContext(client, Console.Out, time, stateDirectory) { Cores = CacheContext.CoresOf(Cgroup.OfThisProcess) };
        await new CacheTaskRunner(task, AskAsync, context).RunAsync(cancel);
        return 0;

        async Task<CacheAnswer> AskAsync(CacheAsk ask, CancellationToken token) => CacheAnswer.Parser.ParseFrom(await asks.AskAsync(ask.ToByteString(), token));
    }

    /// <param name="authorities">PEM; empty: those of the image.</param>
    private static HttpClient Client(string authorities)
    {
        var handler = new SocketsHttpHandler { ConnectTimeout = ConnectPatience, AllowAutoRedirect = false, UseProxy = false };
        if (authorities.Length > 0)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPem(authorities);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }
}
