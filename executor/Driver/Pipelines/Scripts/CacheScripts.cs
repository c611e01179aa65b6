using System.Text.RegularExpressions;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines.Scripts;

/// <summary>restore_cache and archive_cache, as for a runner without [runners.cache]: no signed links (shells/abstract.go cacheExtractor, cacheArchiver).</summary>
internal static partial class CacheScripts
{
    public static bool Any(ScriptRequest request) => request.Job.Cache.Any(HasContent);

    public static bool Any(ScriptRequest request, string when) => request.Job.Cache.Any(c => HasContent(c) && Fits(c, when));

    public static void WriteRestore(ScriptWriter writer, ScriptRequest request)
    {
        writer.Command("cd", request.Paths.BuildDir);
        foreach (var cache in request.Job.Cache.Where(HasContent))
        {
            var key = Key(request, cache.Key);
            if (Policy(request, cache) == "push")
            {
                writer.Notice($"Not downloading cache {key} due to policy");
                continue;
            }

            writer.IfQuietly("gitlab-runner", "--version");
            WriteExtract(writer, request, [key, .. cache.FallbackKeys.Select(k => Key(request, k))]);
            writer.Else();
            writer.Warning("Missing gitlab-runner. Extracting cache is disabled.");
            writer.EndIf();
        }
    }

    public static void WriteArchive(ScriptWriter writer, ScriptRequest request, string when)
    {
        writer.Command("cd", request.Paths.BuildDir);
        foreach (var cache in request.Job.Cache.Where(c => HasContent(c) && Fits(c, when)))
        {
            var key = Key(request, cache.Key);
            if (Policy(request, cache) == "pull")
            {
                writer.Notice($"Not uploading cache {key} due to policy");
                continue;
            }

            var paths = cache.Paths.SelectMany(p => new[] { "--path", p });
            string[] untracked = cache.Untracked ? ["--untracked"] : [];
            writer.IfQuietly("gitlab-runner", "--version");
            writer.Notice($"Creating cache {key}...");
            writer.IfCommand("gitlab-runner", ["cache-archiver", "--file", File(request, key), "--timeout", Minutes(request), .. paths, .. untracked]);
            writer.Notice("Created cache");
            writer.Else();
            writer.Warning("Failed to create cache");
            writer.EndIf();
            writer.Else();
            writer.Warning("Missing gitlab-runner. Creating cache is disabled.");
            writer.EndIf();
        }
    }

    /// <summary>Each further key is tried in the else branch of the one before.</summary>
    private static void WriteExtract(ScriptWriter writer, ScriptRequest request, ReadOnlySpan<string> keys)
    {
        writer.Notice($"Checking cache for {keys[0]}...");
        writer.IfCommand("gitlab-runner", "cache-extractor", "--file", File(request, keys[0]), "--timeout", Minutes(request));
        writer.Notice("Successfully extracted cache");
        writer.Else();
        writer.Warning("Failed to extract cache");
        if (keys.Length > 1)
        {
            WriteExtract(writer, request, keys[1..]);
        }

        writer.EndIf();
    }

    private static bool HasContent(PayloadCache cache) => cache.Untracked || cache.Paths.Count > 0;

    private static bool Fits(PayloadCache cache, string when) => cache.When == when || cache.When == "always" || (cache.When.Length == 0 && when == "on_success");

    private static string Policy(ScriptRequest request, PayloadCache cache) => request.Variables.Expand(cache.Policy);

    private static string Minutes(ScriptRequest request) => request.Variables.Get("CACHE_REQUEST_TIMEOUT") ?? "10";

    private static string Key(ScriptRequest request, string key)
    {
        var expanded = request.Variables.Expand(key);
        return expanded.Length > 0 ? expanded : $"{request.Job.JobInfo.Name}/{request.Job.GitInfo.Ref}";
    }

    private static string File(ScriptRequest request, string key)
    {
        var file = $"{request.Paths.CacheDir}/{request.Job.JobInfo.ProjectFullPath}/{Climbing().Replace(key, "_")}/cache.zip";
        return Path.GetRelativePath(request.Paths.BuildDir, file);
    }

    [GeneratedRegex(@"\.\.|[\\%]", RegexOptions.CultureInvariant)]
    private static partial Regex Climbing();
}
