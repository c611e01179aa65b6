using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Job;

/// <summary>Which settings count for a job: [kubernetes], or the profile that it picks if it may.</summary>
internal static class Profiles
{
    public const string Variable = "POD_PROFILE";

    public static KubernetesOptions Choose(JobResponse job, JobVariables variables, ExecutorOptions options, Decision decision)
    {
        if (variables.Get(Variable) is not { Length: > 0 } name)
        {
            return options.Kubernetes;
        }

        if (!options.Profiles.TryGetValue(name, out var profile))
        {
            var known = options.Profiles.Where(p => WhyNot(p.Key, p.Value, job) is null).Select(p => p.Key).ToList();
            decision.Refuse(
                $"There is no profile \"{name}\"", $"the job's variable {Variable}", known.Count == 0 ? $"Remove {Variable}: the runner has no profile for this job." : $"Use one of {string.Join(", ", known)}.");
            return options.Kubernetes;
        }

        if (WhyNot(name, profile, job) is { } why)
        {
            decision.Refuse($"The job may not use the profile \"{name}\"", $"{why} (the job's variable {Variable})", "Ask the runner's administrator, or use another profile.");
            return options.Kubernetes;
        }

        decision.Notices.Add($"Using profile {name}");
        return profile.Kubernetes;
    }

    private static string? WhyNot(string name, ProfileOptions profile, JobResponse job)
    {
        var (project, branch) = (job.JobInfo.ProjectFullPath, job.GitInfo.Ref);
        if (!profile.AllowedProjects.Any(pattern => Glob.IsMatch(pattern, project)))
        {
            return $"project {project} is not in profiles.{name}.allowed_projects";
        }

        if (profile.AllowedRefs.Count > 0 && !profile.AllowedRefs.Any(pattern => Glob.IsMatch(pattern, branch)))
        {
            return $"{branch} is not in profiles.{name}.allowed_refs";
        }

        return profile.ProtectedOnly && job.GitInfo.Protected is not true ? $"profiles.{name} is for protected branches and tags only" : null;
    }
}
