using System.Globalization;
using System.Text;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>
/// Labels and annotations as the built-in executor sets them (executors/kubernetes/kubernetes.go): cost reports, policies and
/// cleaners key on them. They identify the job; nothing else of its variables is in the pod.
/// </summary>
internal static class PodMetadata
{
    public const string ManagedBy = "app.kubernetes.io/managed-by";
    public const string PodLabel = "job.runner.gitlab.com/pod";
    public const string Product = "pod-executor";

    private const int LongestLabel = 63;

    public static IReadOnlyDictionary<string, string> Labels(JobRequest request, string pod)
    {
        var job = request.Response.JobInfo;
        var groups = job.ProjectFullPath.Split('/');
        return Present(
            (ManagedBy, Product),
            (PodLabel, pod),
            ("project.runner.gitlab.com/id", Number(job.ProjectId)),
            ("project.runner.gitlab.com/name", job.ProjectName),
            ("project.runner.gitlab.com/namespace", string.Join('-', groups[..^1])),
            ("project.runner.gitlab.com/namespace-id", Number(job.NamespaceId)),
            ("project.runner.gitlab.com/root-namespace", groups.Length > 1 ? groups[0] : ""),
            ("project.runner.gitlab.com/root-namespace-id", Number(job.RootNamespaceId)),
            ("manager.runner.gitlab.com/name", Environment.MachineName),
            ("manager.runner.gitlab.com/id-short", request.RunnerShortToken));
    }

    public static IReadOnlyDictionary<string, string> Annotations(JobRequest request, JobVariables variables)
    {
        var job = request.Response;
        return new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["job.runner.gitlab.com/id"] = Number(job.Id),
            ["job.runner.gitlab.com/url"] = variables.Get("CI_JOB_URL") ?? "",
            ["job.runner.gitlab.com/sha"] = job.GitInfo.Sha,
            ["job.runner.gitlab.com/before_sha"] = job.GitInfo.BeforeSha,
            ["job.runner.gitlab.com/ref"] = job.GitInfo.Ref,
            ["job.runner.gitlab.com/name"] = job.JobInfo.Name,
            ["job.runner.gitlab.com/timeout"] = GoStyle(TimeSpan.FromSeconds(job.RunnerInfo.Timeout)),
            ["project.runner.gitlab.com/id"] = Number(job.JobInfo.ProjectId),

            // The cluster autoscaler must not move a running job.
            ["cluster-autoscaler.kubernetes.io/safe-to-evict"] = "false",
        };
    }

    /// <summary>Any text as a label's value: at most 63 characters of [-A-Za-z0-9_.], letters or digits at both ends.</summary>
    public static string LabelValue(string text)
    {
        var value = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            value.Append(char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_');
        }

        var cut = value.Length > LongestLabel ? value.ToString(0, LongestLabel) : value.ToString();
        return cut.Trim('-', '_', '.');
    }

    private static SortedDictionary<string, string> Present(params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var result = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in labels)
        {
            result[name] = LabelValue(value);
        }

        return result;
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string GoStyle(TimeSpan time) => $"{(int)time.TotalHours}h{time.Minutes}m{time.Seconds}s";
}
