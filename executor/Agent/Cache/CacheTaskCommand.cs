using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Supervisor;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache;

/// <summary><c>pod-agent cache-task</c>: a cache stage as a process of its own, as the scripts' user.</summary>
internal static class CacheTaskCommand
{
    /// <summary>0, whatever became of the caches: the log tells.</summary>
    /// <param name="desk">Asks the driver.</param>
    /// <param name="stateDirectory">Survives from the restore to the saves of one job.</param>
    /// <exception cref="OperationCanceledException">Cancelled; nothing half-done stays.</exception>
    public static async Task<int> RunAsync(
        CacheTask task, Func<CacheAsk, CancellationToken, Task<CacheAnswer>> desk, string stateDirectory, TextWriter log, TimeProvider time, CancellationToken cancel)
    {
        using var client = ArtifactHttp.Create(Authorities(task, log));
        var context = new CacheContext(client, log, time, stateDirectory) { Cores = CacheContext.CoresOf(new Cgroup()) };
        await new CacheTaskRunner(task, desk, context).RunAsync(cancel);
        return 0;
    }

    private static X509Certificate2Collection? Authorities(CacheTask task, TextWriter log)
    {
        if (task.CertificateAuthorities.Length == 0)
        {
            return null;
        }

        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(task.CertificateAuthorities);
            return authorities;
        }
        catch (CryptographicException e)
        {
            log.WriteLine($"WARNING: The cache store's certificate authorities cannot be read: {e.Message} Those that the helper image trusts are used.");
            return null;
        }
    }
}
