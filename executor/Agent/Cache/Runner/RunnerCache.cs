using System.Globalization;
using PodExecutor.Agent.Artifacts;

namespace PodExecutor.Agent.Cache.Runner;

/// <summary>What both cache subcommands share.</summary>
internal static class RunnerCache
{
    /// <summary>A token that ends after --timeout minutes, or when the caller ends.</summary>
    /// <exception cref="ArtifactException">Not a number of minutes.</exception>
    public static CancellationTokenSource Deadline(ParsedFlags flags, int defaultMinutes, RunnerContext context, CancellationToken cancel)
    {
        var minutes = defaultMinutes;
        if (flags.Last("timeout") is { } text && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out minutes))
        {
            throw new ArtifactException($"--timeout {text} is not a number of minutes.");
        }

        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (minutes > 0)
        {
            _ = context.Time.CreateTimer(_ => TryCancel(deadline), null, TimeSpan.FromMinutes(minutes), Timeout.InfiniteTimeSpan);
        }

        return deadline;
    }

    /// <exception cref="ArtifactException">The runner gives its own credentials instead of a URL.</exception>
    public static void RefuseGoCloud(ParsedFlags flags)
    {
        if (flags.Last("gocloud-url") is not null)
        {
            throw new ArtifactException(
                "The runner's cache uses UploadRoleARN (--gocloud-url), which pod-executor's agent does not: remove it from [runners.cache.s3], "
                + "or let pod-executor keep the cache ([cache] in its own configuration), which sends in parallel without it.");
        }
    }

    private static void TryCancel(CancellationTokenSource deadline)
    {
        try
        {
            deadline.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was done in time.
        }
    }
}
