using PodExecutor.Driver.Job.State;

namespace PodExecutor.Driver.Operations.Gc;

/// <summary>
/// State files of jobs on this machine that no cleanup removed, because the runner was killed: it then leaves its directories, too. They
/// hold the cluster's credentials, so they do not stay.
/// </summary>
/// <param name="directory">Where gitlab-runner makes its directories: its TMPDIR.</param>
internal sealed class StaleJobFiles(string directory, GcRequest request, TextWriter output)
{
    private const string RunnerDirectories = "custom-executor*";

    /// <summary>GitLab's longest job: a file that tells no end of its job is left alone until then.</summary>
    private static readonly TimeSpan LongestJob = TimeSpan.FromDays(31);

    /// <returns>False if a file that is stale could not be deleted.</returns>
    public async Task<bool> SweepAsync(DateTimeOffset now)
    {
        var done = true;
        foreach (var path in Find())
        {
            if (now - Expiry(path) is { } since && since > request.Grace)
            {
                done &= await DeleteAsync(path, $"its job ended {DeadPods.Age(since)} ago at the latest");
            }
        }

        return done;
    }

    private IReadOnlyList<string> Find()
    {
        try
        {
            return [.. Directory.EnumerateDirectories(directory, RunnerDirectories).Select(JobFileStore.PathIn).Where(File.Exists).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static DateTimeOffset Expiry(string path)
    {
        try
        {
            return JobFileStore.Load(path)?.ExpiresAt ?? DateTimeOffset.MaxValue;
        }
        catch (JobFileException)
        {
            return File.GetLastWriteTimeUtc(path) + LongestJob;
        }
    }

    private async Task<bool> DeleteAsync(string path, string why)
    {
        if (request.DryRun)
        {
            await output.WriteLineAsync($"would be swept: state file {path}: {why}");
            return true;
        }

        try
        {
            JobFileStore.Delete(path);
            await output.WriteLineAsync($"swept: state file {path}: {why}");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await output.WriteLineAsync($"could not be deleted: state file {path}: {e.Message}");
            return false;
        }
    }
}
