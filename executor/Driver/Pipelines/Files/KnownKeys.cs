using System.Collections.Frozen;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>
/// The keywords of GitLab's CI/CD YAML reference that <c>try</c> does not carry out, each with what that means. A key that is neither
/// read nor listed here is an error, so that nothing is ever left out silently.
/// </summary>
internal static class KnownKeys
{
    /// <summary>Of a file or job: no influence on whether the job passes.</summary>
    public static FrozenDictionary<string, string> Ignored { get; } = new Dictionary<string, string>
    {
        ["coverage"] = "the coverage figure is not taken from the log",
        ["environment"] = "no environment is recorded, CI_ENVIRONMENT_* are not set",
        ["interruptible"] = "there is no newer pipeline that could interrupt this one",
        ["resource_group"] = "no other pipeline is waited for",
        ["tags"] = "there is one runner, this one",
        ["pages"] = "nothing is published; the job runs as any other",
        ["publish"] = "nothing is published",
        ["dast_configuration"] = "GitLab's security settings are not read",
        ["manual_confirmation"] = "nobody is asked",
        ["start_in"] = "a delayed job starts at once",
    }.ToFrozenDictionary();

    /// <summary>The job would do something else than in GitLab.</summary>
    public static FrozenDictionary<string, string> Refused { get; } = new Dictionary<string, string>
    {
        ["only"] = "only is not evaluated. Write it as rules: if",
        ["except"] = "except is not evaluated. Write it as rules: if",
        ["parallel"] = "a job is not multiplied. Try one of its variants: remove parallel and give the variables with --variable",
        ["trigger"] = "no other pipeline is started. Try that pipeline's file by itself",
        ["bridge"] = "no other pipeline is started",
        ["release"] = "no release is created. Try the job without it",
        ["secrets"] = "no secret store is asked. Give the value with --variable",
        ["id_tokens"] = "no id token is issued. Give a token with --variable",
        ["identity"] = "no cloud identity is given out. Give credentials with --variable",
        ["run"] = "steps are not supported. Write the commands as script",
        ["inputs"] = "inputs are filled in by GitLab. Write the values in",
        ["type"] = "type is the old name of stage. Rename it",
        ["types"] = "types is the old name of stages. Rename it",
    }.ToFrozenDictionary();

    /// <summary>What a job reads.</summary>
    public static FrozenSet<string> OfJob { get; } = new[]
    {
        "image", "services", "variables", "before_script", "script", "after_script", "stage", "needs", "dependencies", "artifacts", "cache",
        "when", "allow_failure", "timeout", "retry", "rules", "inherit", "hooks",
    }.ToFrozenSet();

    /// <summary>What a job takes from default (and, the old way, from the top of the file).</summary>
    public static FrozenSet<string> OfDefault { get; } = new[]
    {
        "image", "services", "before_script", "after_script", "artifacts", "cache", "timeout", "retry", "hooks",
    }.ToFrozenSet();

    /// <summary>Says what becomes of a key that is not read.</summary>
    public static void Report(YamlEntry entry, string owner, ProblemList problems)
    {
        if (Ignored.TryGetValue(entry.Key, out var harmless))
        {
            problems.Ignored(entry.Place, $"{owner}{entry.Key}: {harmless}");
        }
        else if (Refused.TryGetValue(entry.Key, out var meaning))
        {
            problems.Error(entry.Place, $"{owner}{entry.Key} is not supported: {meaning}");
        }
        else
        {
            problems.Error(entry.Place, $"{owner}{entry.Key} is not a keyword that try knows. Correct its spelling or remove it");
        }
    }
}
