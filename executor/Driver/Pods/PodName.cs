using System.Security.Cryptography;
using System.Text;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>
/// The pod's name is a function of the trusted job file alone: every call of a job finds the pod without asking anybody, and
/// cleanup finds it when nothing else worked. Two GitLab servers may give out the same job id: the hash keeps them apart.
/// </summary>
internal static class PodName
{
    public const string OwnNamespacePrefix = "ci-job-";

    public static string Of(JobResponse job)
    {
        var server = Uri.TryCreate(job.GitInfo.RepoUrl, UriKind.Absolute, out var url) ? url.Authority : "";
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{server}\n{job.JobInfo.ProjectId}\n{job.Id}"));
        return $"job-{job.Id}-project-{job.JobInfo.ProjectId}-{Convert.ToHexStringLower(hash.AsSpan(0, 4))}";
    }

    /// <summary>The namespace of a job that has one of its own, as the built-in executor names it.</summary>
    public static string NamespaceOf(JobResponse job) => $"{OwnNamespacePrefix}{job.Id}";

    /// <summary>The Secret with the job's registry logins.</summary>
    public static string PullSecret(string pod) => pod + "-pull";

    /// <summary>The short-lived Secret with the services' environment.</summary>
    public static string ServiceSecret(string pod) => pod + "-services";
}
