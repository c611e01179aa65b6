using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Cache.Save;
using PodExecutor.Agent.Native;
using PodExecutor.Agent.Paths;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Runner;

/// <summary><c>gitlab-runner cache-archiver</c>, for set-ups that keep the runner's own [runners.cache]: one archive, one PUT.</summary>
internal static class ArchiveCommand
{
    private const int DefaultMinutes = 10;

    /// <summary>0 also when there was nothing to do.</summary>
    /// <exception cref="ArtifactException">It cannot be archived.</exception>
    /// <exception cref="Transfers.TransferException">The store does not take it.</exception>
    public static async Task<int> RunAsync(string[] args, RunnerContext context, CancellationToken cancel)
    {
        var (request, flags) = ArchiveRequest.Parse(args, context);
        using var deadline = RunnerCache.Deadline(flags, DefaultMinutes, context, cancel);
        try
        {
            var entries = await FindAsync(request, context, deadline.Token);
            AdoptAlternate(request);
            if (File.Exists(request.File) && !entries.Exists(e => Modified(e) > File.GetLastWriteTimeUtc(request.File)))
            {
                context.Info("Archive is up to date!");
                return 0;
            }

            await WriteAsync(request, entries, context, deadline.Token);
            if (request.Url is null)
            {
                context.Info("No URL provided, cache will not be uploaded to shared cache server. Cache will be stored only locally.");
                return 0;
            }

            using var client = ArtifactHttp.Create(context);
            await new ArchiveUpload(context, client, request).RunAsync(deadline.Token);
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArtifactException($"The cache cannot be archived to {request.File}: {e.Message}", e);
        }
    }

    private static async Task<List<SavedEntry>> FindAsync(ArchiveRequest request, RunnerContext context, CancellationToken cancel)
    {
        var log = new CacheLog(context.Log, context.Time);
        var item = new CacheItem { Paths = { request.Paths }, Untracked = request.Untracked };
        using var workspace = Beneath.Open(context.Directory);
        var tops = await new CacheSelection(context.Directory, log).FindAsync(item, cancel);
        var walk = new TreeWalk(workspace, Environment.ProcessorCount).Run(tops, cancel);
        log.Skipped(walk.Special, "skipped, for they are sockets, pipes or devices");
        log.Skipped(walk.Unreadable, "left out, for they cannot be read");
        return walk.Entries;
    }

    // The runner changed how it names archives (hashed keys): the file of before is the same cache.
    private static void AdoptAlternate(ArchiveRequest request)
    {
        if (request.AlternateFile is { } other && File.Exists(other) && !File.Exists(request.File))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(request.File)!);
            File.Move(other, request.File);
        }
    }

    private static async Task WriteAsync(ArchiveRequest request, List<SavedEntry> entries, RunnerContext context, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(request.File)!);
        var partial = request.File + ".partial";
        try
        {
            await using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, 128 * 1024))
            {
                if (request.IsTar)
                {
                    await TarZstdFormat.WriteAsync(context, entries, request.Level, file, cancel);
                }
                else
                {
                    await ZipFormat.WriteAsync(context with { CompressionLevel = context.CacheCompressionLevel }, [.. entries.Where(e => IsNamed(e, context)).Select(Selected)], file, cancel);
                }
            }

            File.Move(partial, request.File, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static bool IsNamed(SavedEntry entry, RunnerContext context)
    {
        var name = PathText.Decode(entry.Path);
        if (!PathText.IsUtf8(name))
        {
            context.Warn($"{name}: its name is not UTF-8, which a zip cannot hold. CACHE_COMPRESSION_FORMAT=tarzstd can.");
            return false;
        }

        return true;
    }

    private static SelectedFile Selected(SavedEntry entry) => new(PathText.Decode(entry.Path), new FileStatus(entry.Stat.Mode, Modified(entry)));

    private static DateTime Modified(SavedEntry entry) => DateTime.UnixEpoch.AddSeconds(Math.Clamp(entry.Stat.Modified.Seconds, 0, 253402300799));
}
