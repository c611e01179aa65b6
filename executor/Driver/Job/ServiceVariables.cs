namespace PodExecutor.Driver.Job;

/// <summary>
/// The environment of a service: its own `variables:`, on top of what the pipeline itself sets (POSTGRES_DB at job level is
/// meant for the service). Project and group settings, masked values and files never reach a service container, and the
/// predefined CI_ variables are of no use to it. Why this differs from the built-in executor: docs/adr/0006-service-variables.md.
/// </summary>
internal static class ServiceVariables
{
    private static readonly string[] Predefined = ["CI", "CI_", "GITLAB_", "FF_", "RUNNER_", "GIT_", "CHAT_", "KUBERNETES_", Profiles.Variable];

    public static IReadOnlyDictionary<string, string> Of(ImageRequest service, JobVariables job)
    {
        var result = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in job.All.Where(v => v.Public && !v.Masked && !v.File && !IsPredefined(v.Key)))
        {
            result[variable.Key] = job.Value(variable);
        }

        foreach (var variable in service.Variables ?? [])
        {
            result[variable.Key] = variable.Raw ? variable.Value : job.Expand(variable.Value);
        }

        return result;
    }

    private static bool IsPredefined(string name) =>
        Array.Exists(Predefined, p => p.EndsWith('_') ? name.StartsWith(p, StringComparison.Ordinal) : name == p);
}
