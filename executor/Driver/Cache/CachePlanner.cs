using System.Globalization;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods;
using PodExecutor.Link.Cache;

namespace PodExecutor.Driver.Cache;

/// <summary>
/// Decides what the job file's caches mean, as gitlab-runner does (shells/abstract.go, cacheExtractor and archiveCache). Pure. What is
/// wrong with one cache is a warning: a cache never fails a job.
/// </summary>
internal sealed partial class CachePlanner
{
    private readonly JobResponse _job;
    private readonly JobVariables _variables;
    private readonly string _workspace;
    private readonly bool _hashed;
    private readonly Direction _direction;
    private readonly List<string> _notices = [];
    private readonly List<string> _warnings = [];

    private CachePlanner(JobRequest request, Direction direction)
    {
        (_job, _direction) = (request.Response, direction);
        _workspace = Workspace(request);
        _variables = new JobVariables([.. Predefined(request.Runner, _workspace), .. _job.Variables ?? []]);
        _hashed = _variables.Get("FF_HASH_CACHE_KEYS") is null ? request.Runner.HashesCacheKeys : _variables.IsTrue("FF_HASH_CACHE_KEYS");
    }

    /// <returns>Null if the stage has nothing to do with caches.</returns>
    public static CachePlan? Decide(JobRequest request, CacheOptions options, Stage stage) => stage.Name switch
    {
        "restore_cache" => new CachePlanner(request, Direction.Restore).Plan(request, options, _ => true),
        "archive_cache" => new CachePlanner(request, Direction.Save).Plan(request, options, c => c.When is "" or "on_success" or "always"),
        "archive_cache_on_failure" => new CachePlanner(request, Direction.Save).Plan(request, options, c => c.When is "on_failure" or "always"),
        _ => null,
    };

    private CachePlan Plan(JobRequest request, CacheOptions options, Func<CacheRequest, bool> fits)
    {
        var caches = (_job.Cache ?? []).Where(c => c.Untracked || c.Paths is { Count: > 0 }).Where(fits).ToList();
        var token = request.Runner.ShortToken ?? "";
        if (caches.Count > 0 && !CacheNames.CanName(options, token))
        {
            _warnings.Add("Caches are left out: the runner's part of the store is named by CI_RUNNER_SHORT_TOKEN, which the pipeline sets itself. Remove that variable.");
            caches.Clear();
        }

        return new CachePlan(_direction, _workspace, CacheNames.Of(options, token, _job.JobInfo.ProjectId), [.. caches.Select(Item).OfType<CacheItemPlan>()])
        {
            Notices = _notices,
            Warnings = _warnings,
            Attempts = Math.Clamp(Number("RESTORE_CACHE_ATTEMPTS") ?? 1, 1, 10),
            TimeLimit = TimeSpan.FromMinutes(Math.Clamp(Number("CACHE_REQUEST_TIMEOUT") ?? 10, 1, 1440)),
            Level = _variables.Get("CACHE_COMPRESSION_LEVEL") switch { "fastest" => 1, "fast" => 2, "slow" => 7, "slowest" => 12, _ => 0 },
            JobUrl = _variables.Get("CI_JOB_URL") ?? "",
        };
    }

    private CacheItemPlan? Item(CacheRequest cache)
    {
        var named = cache.Key.Length > 0 ? _variables.Expand(cache.Key) : "";
        if (CacheKey.Of(named.Length > 0 ? named : $"{_job.JobInfo.Name}/{_job.GitInfo.Ref}", _hashed) is not { } key)
        {
            _warnings.Add($"Skipping a cache: nothing is left of its key \"{named}\" when it is made a name.");
            return null;
        }

        var policy = _variables.Expand(cache.Policy);
        if (policy is not ("" or "pull-push" or "pull" or "push"))
        {
            _warnings.Add($"Skipping cache {key.Text}: its policy \"{policy}\" is none of pull-push, pull, push.");
            return null;
        }

        if (policy == (_direction == Direction.Restore ? "push" : "pull"))
        {
            _notices.Add($"Not {(_direction == Direction.Restore ? "downloading" : "uploading")} cache {key.Text} due to policy");
            return null;
        }

        var paths = (cache.Paths ?? []).Select(p => Within(_variables.Expand(p), key)).OfType<string>().Distinct().ToList();
        if (paths.Count == 0 && !cache.Untracked)
        {
            _warnings.Add($"Skipping cache {key.Text}: none of its paths is in the project's directory.");
            return null;
        }

        return new CacheItemPlan(_direction == Direction.Restore ? [key, .. Fallbacks(cache, key)] : [key], paths, cache.Untracked);
    }

    /// <summary>The keys to try after the key itself; each once.</summary>
    private IEnumerable<CacheKey> Fallbacks(CacheRequest cache, CacheKey key)
    {
        var raw = (cache.FallbackKeys ?? []).Select(_variables.Expand).ToList();
        if (_variables.Get("CACHE_FALLBACK_KEY") is { Length: > 0 } own)
        {
            if (CacheKey.PretendsToBeProtected(own))
            {
                _warnings.Add($"CACHE_FALLBACK_KEY {own} is not used: only GitLab itself may name a protected cache.");
            }
            else
            {
                raw.Add(own);
            }
        }

        return raw.Select(k => CacheKey.Of(k, _hashed)).OfType<CacheKey>().DistinctBy(k => k.Text).Where(k => k.Text != key.Text);
    }

    /// <summary>The path relative to the workspace; null, with a warning, if it leads out of it.</summary>
    private string? Within(string path, CacheKey key)
    {
        var names = new List<string>();
        var absolute = path.StartsWith('/') ? path : $"{_workspace}/{path}";
        foreach (var name in absolute.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(n => n != "."))
        {
            if (name != "..")
            {
                names.Add(name);
            }
            else if (names.Count > 0)
            {
                names.RemoveAt(names.Count - 1);
            }
        }

        var clean = "/" + string.Join('/', names);
        if (path.Length > 0 && (clean + "/").StartsWith(_workspace + "/", StringComparison.Ordinal))
        {
            return clean.Length == _workspace.Length ? "." : clean[(_workspace.Length + 1)..];
        }

        _warnings.Add($"Cache {key.Text}: the path \"{path}\" is not in the project's directory {_workspace} and is left out.");
        return null;
    }

    private int? Number(string variable) =>
        int.TryParse(_variables.Get(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>As the runner says it; where the pipeline has a variable of that name, as the runner would compute it.</summary>
    private static string Workspace(JobRequest request)
    {
        const string builds = PodLayout.BuildsDirectory;
        return request.Runner.ProjectDirectory is { } directory && directory.StartsWith(builds + "/", StringComparison.Ordinal) && !directory.Split('/').Contains("..")
            ? directory.TrimEnd('/')
            : $"{builds}/{request.Response.JobInfo.ProjectFullPath}";
    }

    private static IEnumerable<JobVariable> Predefined(RunnerFacts runner, string workspace)
    {
        yield return new JobVariable { Key = "CI_BUILDS_DIR", Value = PodLayout.BuildsDirectory, Raw = true };
        yield return new JobVariable { Key = "CI_PROJECT_DIR", Value = workspace, Raw = true };
        if (runner.ShortToken is { } token)
        {
            yield return new JobVariable { Key = "CI_RUNNER_SHORT_TOKEN", Value = token, Raw = true };
        }
    }
}
