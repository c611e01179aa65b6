using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Cache.Archives;
using PodExecutor.Agent.Cache.Restore;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;

namespace PodExecutor.Agent.Cache.Runner;

/// <summary>
/// <c>gitlab-runner cache-extractor</c>, for set-ups that keep the runner's own [runners.cache]: fetches an archive by presigned URLs and
/// unpacks it into the build directory, by the rules of our own restores. Contract: gitlab-runner 19 commands/helpers/cache_extractor.go.
/// </summary>
internal static class ExtractCommand
{
    private const int DefaultMinutes = 10;

    private static readonly FlagTable Flags = new(
        ["file", "timeout", "url", "head-url", "alternate-url", "alternate-head-url", "gocloud-url", "alternate-gocloud-url", "env-file"], ["verbose"]);

    /// <summary>0 only if a cache was unpacked: the script then looks no further.</summary>
    /// <exception cref="ArtifactException">There is none, or it is not unpacked.</exception>
    /// <exception cref="Transfers.TransferException">The store does not give it.</exception>
    public static async Task<int> RunAsync(string[] args, RunnerContext context, CancellationToken cancel)
    {
        var flags = Flags.Parse(args);
        var file = Path.Combine(context.Directory, flags.Last("file") ?? throw new ArtifactException("--file is missing: the runner's scripts always give it."));
        RunnerCache.RefuseGoCloud(flags);
        using var deadline = RunnerCache.Deadline(flags, DefaultMinutes, context, cancel);
        if (flags.Last("url") is { } url)
        {
            using var client = ArtifactHttp.Create(context);
            await new ArchiveDownload(context, client, file).RunAsync(
                url, flags.Last("head-url"), flags.Last("alternate-url"), flags.Last("alternate-head-url"), deadline.Token);
        }
        else
        {
            context.Info("No URL provided, cache will not be downloaded from shared cache server. Instead a local version of cache will be extracted.");
        }

        if (!File.Exists(file))
        {
            throw new ArtifactException($"There is no cache: {Path.GetFileName(file)} does not exist.");
        }

        Extract(file, context, deadline.Token);
        return 0;
    }

    private static void Extract(string file, RunnerContext context, CancellationToken cancel)
    {
        try
        {
            using var workspace = Beneath.Open(context.Directory);
            using var tree = RestoreTree.Begin(workspace);
            var sink = new ArchiveSink(tree, DeclaredPaths.Everything(), (long)Math.Min(long.MaxValue, workspace.FreeBytes()));
            ArchiveFile.Extract(file, sink, Environment.ProcessorCount, cancel);
            _ = tree.Place();
            if (sink.Special.Count > 0)
            {
                context.Warn($"{sink.Special.Count} sockets, pipes or devices skipped.");
            }

            context.Info($"Extracted {CacheLog.Count(sink.Files)}, {CacheLog.Size(sink.Bytes)}.");
        }
        catch (Exception e) when (e is CacheDamagedException or CacheRefusedException or FileCallException)
        {
            throw new ArtifactException($"The cache is not extracted, and nothing of it was placed: {e.Message}", e);
        }
    }
}
