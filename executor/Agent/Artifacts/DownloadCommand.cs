using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Artifacts;

/// <summary><c>gitlab-runner artifacts-downloader</c>: fetches another job's archive whole, then unpacks it into the build directory.</summary>
internal static class DownloadCommand
{
    private static readonly FlagTable Flags = new(["url", "token", "id"], ["verbose"]);

    public static async Task<int> RunAsync(string[] args, RunnerContext context, CancellationToken cancel)
    {
        var flags = Flags.Parse(args);
        flags.Unknown.ForEach(name => context.Warn($"--{name}: this gitlab-runner does not know the flag and ignores it."));
        var coordinator = flags.Coordinator();

        await using var archive = TemporaryFile(context);
        using (var client = ArtifactHttp.Create(context))
        {
            var download = new ArtifactDownload(context, client, coordinator, archive);
            await Attempts.RunAsync(context.Warn, context.Time, download.TryAsync, cancel);
        }

        await ArchiveExtraction.RunAsync(context, archive, $"The artifacts archive of job {coordinator.JobId}", cancel);
        return 0;
    }

    /// <exception cref="ArtifactException">No such file can be made.</exception>
    private static FileStream TemporaryFile(RunnerContext context)
    {
        var path = Path.Combine(context.TemporaryDirectory, $"artifacts-{Guid.NewGuid():N}.zip");
        try
        {
            var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Delete,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });

            // Without a name at once: nothing is left behind, however this process ends.
            File.Delete(path);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArtifactException(
                $"The download has no place in {context.TemporaryDirectory}: {e.Message} The helper's TMPDIR or the builds volume must be writable.", e);
        }
    }
}
