using System.Globalization;
using System.Text;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

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

    /// <summary>Ours alone: other programs trust what it says.</summary>
    private const string ProtectedSpace = "runner.gitlab.com";
    private const int LongestLabel = 63;

    public static IReadOnlyDictionary<string, string> Labels(JobRequest request, string pod, KubernetesOptions options, Overwrites overwrites, JobVariables variables)
    {
        var job = request.Response.JobInfo;
        var groups = job.ProjectFullPath.Split('/');
        var result = overwrites.Map(
            "PodLabels",
            "KUBERNETES_POD_LABELS_",
            options.PodLabels.ToDictionary(l => l.Key, l => LabelValue(variables.Expand(l.Value))),
            options.Overwrites.PodLabels,
            "pod_labels_overwrite_allowed",
            '=',
            (key, value) => Reserved(key) ?? KubernetesNames.WrongLabel(key, value));
        foreach (var (name, value) in new[]
        {
            (ManagedBy, Product),
            (PodLabel, pod),
            ("project.runner.gitlab.com/id", Number(job.ProjectId)),
            ("project.runner.gitlab.com/name", job.ProjectName),
            ("project.runner.gitlab.com/namespace", string.Join('-', groups[..^1])),
            ("project.runner.gitlab.com/namespace-id", Number(job.NamespaceId)),
            ("project.runner.gitlab.com/root-namespace", groups.Length > 1 ? groups[0] : ""),
            ("project.runner.gitlab.com/root-namespace-id", Number(job.RootNamespaceId)),
            ("manager.runner.gitlab.com/name", Environment.MachineName),
            ("manager.runner.gitlab.com/id-short", request.RunnerShortToken),
        })
        {
            result[name] = LabelValue(value);
        }

        return result;
    }

    public static IReadOnlyDictionary<string, string> Annotations(JobRequest request, KubernetesOptions options, Overwrites overwrites, JobVariables variables)
    {
        var job = request.Response;
        var values = new Dictionary<string, string>
        {
            // The cluster autoscaler must not move a running job.
            ["cluster-autoscaler.kubernetes.io/safe-to-evict"] = "false",
        };
        foreach (var (key, value) in options.PodAnnotations)
        {
            values[key] = variables.Expand(value);
        }

        var result = overwrites.Map(
            "PodAnnotations",
            "KUBERNETES_POD_ANNOTATIONS_",
            values,
            options.Overwrites.PodAnnotations,
            "pod_annotations_overwrite_allowed",
            '=',
            (key, _) => Reserved(key) ?? KubernetesNames.WrongKey(key));
        foreach (var (name, value) in new[]
        {
            ("job.runner.gitlab.com/id", Number(job.Id)),
            ("job.runner.gitlab.com/url", variables.Get("CI_JOB_URL") ?? ""),
            ("job.runner.gitlab.com/sha", job.GitInfo.Sha),
            ("job.runner.gitlab.com/before_sha", job.GitInfo.BeforeSha),
            ("job.runner.gitlab.com/ref", job.GitInfo.Ref),
            ("job.runner.gitlab.com/name", job.JobInfo.Name),
            ("job.runner.gitlab.com/timeout", GoStyle(TimeSpan.FromSeconds(job.RunnerInfo.Timeout))),
            ("project.runner.gitlab.com/id", Number(job.JobInfo.ProjectId)),
        })
        {
            result[name] = value;
        }

        return result;
    }

    /// <summary>What is wrong with a key that is ours, or null.</summary>
    public static string? Reserved(string key)
    {
        var space = key.Split('/')[0];
        return key == ManagedBy || space == ProtectedSpace || space.EndsWith("." + ProtectedSpace, StringComparison.Ordinal) ? $"\"{key}\" is set by the runner alone" : null;
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

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string GoStyle(TimeSpan time) => $"{(int)time.TotalHours}h{time.Minutes}m{time.Seconds}s";
}
