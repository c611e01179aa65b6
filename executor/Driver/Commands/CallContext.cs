using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Output;

namespace PodExecutor.Driver.Commands;

/// <summary>What each of the four calls starts with.</summary>
/// <param name="Log">Our lines in the job log.</param>
internal sealed record CallContext(JobRequest Request, ExecutorOptions Options, ExitCodes ExitCodes, JobLog Log, TimeProvider Time)
{
    private readonly Lazy<(KubernetesOptions Kubernetes, PreparedPod Pod)> _place = new(() => Admission.Locate(Request, Options));

    /// <summary>The job's settings: [kubernetes], or the profile that the job picked.</summary>
    public KubernetesOptions Kubernetes => _place.Value.Kubernetes;

    /// <summary>The job's pod: what an earlier call decided, else what the options of today say.</summary>
    public PreparedPod Pod => _place.Value.Pod;
}
