using System.Globalization;
using PodExecutor.Agent.Artifacts;

namespace PodExecutor.Agent.Cache.Runner;

/// <summary>One call of <c>cache-archiver</c> as the job's script gives it. Contract: gitlab-runner 19 commands/helpers/cache_archiver.go.</summary>
/// <param name="File">The local archive, absolute.</param>
/// <param name="AlternateFile">The same under the runner's other naming scheme, or null.</param>
/// <param name="MaxUploaded">Bytes; 0: no limit.</param>
/// <param name="Headers">"Name: value".</param>
/// <param name="IsTar">tar.zst instead of zip.</param>
internal sealed record ArchiveRequest(
    string File, string? AlternateFile, IReadOnlyList<string> Paths, bool Untracked, string? Url, IReadOnlyList<string> Headers, long MaxUploaded, bool IsTar, int Level)
{
    private static readonly FlagTable Flags = new(
        [
            "file", "alternate-file", "timeout", "max-uploaded-archive-size", "path", "exclude", "url", "header", "check-url", "gocloud-url", "env-file",
            "compression-format", "compression-level", "metadata",
        ],
        ["untracked", "verbose"]);

    /// <exception cref="ArtifactException">A flag that matters is missing or senseless.</exception>
    public static (ArchiveRequest Request, ParsedFlags Flags) Parse(string[] args, RunnerContext context)
    {
        var flags = Flags.Parse(args);
        RunnerCache.RefuseGoCloud(flags);
        var file = flags.Last("file") ?? throw new ArtifactException("--file is missing: the runner's scripts always give it.");
        var format = flags.Last("compression-format") ?? context.CacheCompressionFormat ?? "zip";
        if (format == "zipzstd")
        {
            context.Info("zipzstd: pod-executor's agent writes tar.zst instead, which every runner that reads zipzstd reads too.");
        }

        _ = long.TryParse(flags.Last("max-uploaded-archive-size"), NumberStyles.None, CultureInfo.InvariantCulture, out var most);
        return (new ArchiveRequest(
            Absolute(file, context), flags.Last("alternate-file") is { } other ? Absolute(other, context) : null, flags.All("path"), flags.IsSet("untracked"),
            flags.Last("url"), flags.All("header"), most, format is "tarzstd" or "zipzstd", LevelOf(flags.Last("compression-level") ?? context.CacheCompressionLevel)), flags);
    }

    private static string Absolute(string file, RunnerContext context) => Path.GetFullPath(Path.Combine(context.Directory, file));

    // Of zstd, as the runner maps its words.
    private static int LevelOf(string? words) => words switch
    {
        "fastest" or "fast" => 1,
        "slow" => 7,
        "slowest" => 12,
        _ => 3,
    };
}
