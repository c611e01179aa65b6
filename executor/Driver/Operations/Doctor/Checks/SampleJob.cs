using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>The plainest job there is, decided as every job is: what quota, limits and the cluster say to it they say to all.</summary>
internal static class SampleJob
{
    /// <summary>Seconds. The pod's own deadline, should doctor be killed.</summary>
    private const long Timeout = 120;

    /// <param name="id">Two doctors at once have two pods.</param>
    /// <exception cref="Failures.FailureException">Not even this job is admitted.</exception>
    public static JobPlan Plan(ExecutorOptions options, long id) => Admission.Decide(new JobRequest(Response(options, id), "doctor", "0", null), options);

    private static JobResponse Response(ExecutorOptions options, long id) => new()
    {
        Id = id,
        JobInfo = new JobInfo { Name = "doctor", Stage = "doctor", ProjectName = "doctor", ProjectFullPath = "pod-executor/doctor" },
        GitInfo = new GitInfo { RepoUrl = "https://doctor.invalid/", Ref = "doctor" },
        RunnerInfo = new RunnerInfo { Timeout = Timeout },

        // A default image that is written with the job's variables is none without a job: the helper's stands in.
        Image = options.Kubernetes.Image is { Length: > 0 } image && !image.Contains('$', StringComparison.Ordinal)
            ? new ImageRequest { Name = image }
            : new ImageRequest { Name = options.Kubernetes.HelperImage },
    };
}
