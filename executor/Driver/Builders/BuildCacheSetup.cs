using System.Security.Cryptography;
using System.Text;
using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pipelines;
using PodExecutor.Link.Builders;

namespace PodExecutor.Driver.Builders;

/// <summary>
/// The layer cache of a job's image builds: one name per branch (and image: BuildIdentity of the agent), written in the job's own protection class only. A branch reads its own, then the default branch's, as a
/// protected job and as an unprotected one has left it: what a protected job has written may be used by all jobs of the project, never the other way round.
/// </summary>
internal static class BuildCacheSetup
{
    private const string DefaultBranch = "CI_DEFAULT_BRANCH";

    /// <summary>Gives the policy its cache, or the reason why there is none: a cache fails no job.</summary>
    public static void Add(BuildPolicy policy, JobRequest request, CacheOptions options)
    {
        if (!CacheNames.CanName(options, request.Runner.ShortToken))
        {
            policy.CacheNote = "The layer cache is off: the pipeline sets CI_RUNNER_SHORT_TOKEN, which names the runner's part of the store. Remove that variable.";
            return;
        }

        try
        {
            policy.Cache = Plan(request, options, StoreLogins.Find(options.S3, request.StoreLogin));
        }
        catch (StoreException e)
        {
            policy.CacheNote = $"The layer cache is off: {e.Message}";
        }
    }

    private static BuildCache Plan(JobRequest request, CacheOptions options, StoreLogin login)
    {
        var job = request.Response;
        var names = CacheNames.Of(options, request.Runner.ShortToken ?? "", job.JobInfo.ProjectId);
        string Prefix(Protection protection) => names.Space(protection) + CacheNames.Builds;
        var own = job.GitInfo.Protected switch { true => Protection.Protected, false => Protection.NonProtected, null => Protection.Open };
        var isTag = job.GitInfo.RefType == "tag";
        var cache = new BuildCache
        {
            Endpoint = $"{(options.S3.Insecure ? "http" : "https")}://{options.S3.ServerAddress}",
            Bucket = options.S3.BucketName,
            Region = options.S3.BucketLocation,
            AccessKey = login.AccessKey,
            SecretKey = login.SecretKey,
            SessionToken = login.SessionToken ?? "",
            PathStyle = options.S3.PathStyle,
            Prefix = Prefix(own),

            // A tag is built once: what it would leave nobody would read.
            Name = isTag ? "" : Name(job.GitInfo.Ref),
        };

        // A pipeline that sets it, too, must not choose which protected branch it reads: then no default branch is known.
        var mains = (job.Variables ?? []).Where(v => v.Key == DefaultBranch).Select(v => v.Value).Distinct().ToList();
        var main = mains is [{ } only] ? only : null;
        var sources = (isTag ? [] : new[] { (own, job.GitInfo.Ref) })
            .Concat(main is { Length: > 0 } ? own == Protection.NonProtected ? [(Protection.Protected, main), (own, main)] : [(own, main)] : []);
        cache.Sources.Add(sources.Distinct().Select(s => new BuildCacheSource { Prefix = Prefix(s.Item1), Name = Name(s.Item2) }));
        return cache;
    }

    /// <summary>Readable, and of one branch only: different branches may have the same slug.</summary>
    private static string Name(string reference) => $"{PredefinedVariables.Slug(reference)}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(reference)))[..12]}";
}
