namespace PodExecutor.Driver.Job;

/// <summary>
/// What the runner says of itself. gitlab-runner hands all variables over alike, its own and the pipeline's, and the pipeline's win
/// (common/build.go, getAllVariables). But every variable that a pipeline can set stands in the job file, too: a name that is not
/// there is the runner's own, and can be trusted.
/// </summary>
/// <param name="ShortToken">Names the runner in the cache; null if the pipeline has set it or the runner has not.</param>
/// <param name="ProjectDirectory">Where the sources are in the pod; likewise.</param>
/// <param name="HashesCacheKeys">FF_HASH_CACHE_KEYS of the runner's configuration; the job's own variable goes before it.</param>
internal sealed record RunnerFacts(string? ShortToken, string? ProjectDirectory, bool HashesCacheKeys)
{
    /// <param name="variable">A variable of the runner's call, without the prefix.</param>
    public static RunnerFacts Of(Func<string, string?> variable, JobResponse response)
    {
        var authored = (response.Variables ?? []).Select(v => v.Key).ToHashSet(StringComparer.Ordinal);
        string? Own(string name) => authored.Contains(name) ? null : variable(name);
        return new RunnerFacts(Own("CI_RUNNER_SHORT_TOKEN"), Own("CI_PROJECT_DIR"), Own("FF_HASH_CACHE_KEYS") is "true" or "1");
    }
}

/// <summary>Access to the store. Never printed: the record's own ToString is replaced.</summary>
internal sealed record StoreLogin(string AccessKey, string SecretKey, string? SessionToken)
{
    public override string ToString() => "(a login)";
}
