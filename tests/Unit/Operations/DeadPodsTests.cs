using k8s.Models;
using PodExecutor.Driver.Operations.Gc;

namespace PodExecutor.Tests.Unit.Operations;

/// <summary>What gc takes for dead. The clock stands at 12:00; grace is 10 minutes.</summary>
public class DeadPodsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly GcRequest Request = new(["ci"], TimeSpan.FromMinutes(10), null, DryRun: false);

    [Theory]
    [InlineData("Running", 30, 3600, false, "its job may run for another 30 min")]
    [InlineData("Running", 61, 3600, false, "its job may run")]
    [InlineData("Running", 69, 3600, false, "its job may run")]
    [InlineData("Running", 71, 3600, true, "its deadline passed 11 min ago, and it is Running")]
    [InlineData("Pending", 300, 3600, true, "its deadline passed 4 h ago, and it is Pending")]
    [InlineData("Pending", 5, 3600, false, "its job may run")]
    public void Pod_ThatLives_IsSweptOnlyBeyondDeadlineAndGrace(string phase, int minutesOld, long deadline, bool sweep, string why)
    {
        var verdict = DeadPods.Judge(Pod(phase, minutesOld, deadline), Request, Noon);

        Assert.Equal(sweep, verdict.Sweep);
        Assert.Contains(why, verdict.Why);
    }

    [Fact]
    public void Pod_ThatStartedLate_HasItsDeadlineFromThenOn()
    {
        var pod = Pod("Running", minutesOld: 120, deadline: 3600);
        pod.Status.StartTime = Noon.AddMinutes(-20).UtcDateTime;

        Assert.False(DeadPods.Judge(pod, Request, Noon).Sweep);
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(11, true)]
    public void Pod_ThatEnded_IsSweptAfterTheGrace(int minutesAgo, bool sweep)
    {
        var pod = Pod("Failed", minutesOld: 500, deadline: 36_000);
        pod.Status.Reason = "DeadlineExceeded";
        pod.Status.ContainerStatuses = [Terminated(minutesAgo + 60), Terminated(minutesAgo)];

        var verdict = DeadPods.Judge(pod, Request, Noon);

        Assert.Equal(sweep, verdict.Sweep);
        Assert.Contains("DeadlineExceeded", verdict.Why);
    }

    [Fact]
    public void Pod_ThatIsBeingDeleted_IsLeftAndItsNodeNamed()
    {
        var pod = Pod("Running", minutesOld: 500, deadline: 60);
        pod.Metadata.DeletionTimestamp = Noon.AddHours(-2).UtcDateTime;
        pod.Spec.NodeName = "node7";

        var verdict = DeadPods.Judge(pod, Request, Noon);

        Assert.False(verdict.Sweep);
        Assert.Contains("node7", verdict.Why);
    }

    [Theory]
    [InlineData(59, false)]
    [InlineData(61, true)]
    public void Pod_WithAgeLimit_IsSweptWhateverItDoes(int minutesOld, bool sweep) =>
        Assert.Equal(sweep, DeadPods.Judge(Pod("Running", minutesOld, deadline: 36_000), Request with { OlderThan = TimeSpan.FromHours(1) }, Noon).Sweep);

    [Fact]
    public void Pod_WithoutDeadline_IsLeft()
    {
        var pod = Pod("Running", minutesOld: 50_000, deadline: 1);
        pod.Spec.ActiveDeadlineSeconds = null;

        Assert.False(DeadPods.Judge(pod, Request, Noon).Sweep);
    }

    [Theory]
    [InlineData(500, true, false)]
    [InlineData(500, false, true)]
    [InlineData(5, false, false)]
    public void Secret_IsSweptWhenItsPodIsNotThereForLong(int minutesOld, bool podIsThere, bool sweep)
    {
        var metadata = new V1ObjectMeta { CreationTimestamp = Noon.AddMinutes(-minutesOld).UtcDateTime };

        Assert.Equal(sweep, DeadPods.JudgeBelonging(metadata, podIsThere, Request, Noon).Sweep);
    }

    [Theory]
    [InlineData("ci-job-42", true, true)]
    [InlineData("ci-job-42", false, false)]
    [InlineData("production", true, false)]
    public void Namespace_IsAJobsOnlyByNameAndLabel(string name, bool labelled, bool expected)
    {
        var metadata = new V1ObjectMeta { Name = name, Labels = labelled ? new Dictionary<string, string> { ["job.runner.gitlab.com/pod"] = "job-42" } : null };

        Assert.Equal(expected, DeadPods.IsOfAJob(metadata));
    }

    private static V1Pod Pod(string phase, int minutesOld, long deadline) => new()
    {
        Metadata = new V1ObjectMeta { Name = "job-1", CreationTimestamp = Noon.AddMinutes(-minutesOld).UtcDateTime },
        Spec = new V1PodSpec { ActiveDeadlineSeconds = deadline },
        Status = new V1PodStatus { Phase = phase },
    };

    private static V1ContainerStatus Terminated(int minutesAgo) => new()
    {
        State = new V1ContainerState { Terminated = new V1ContainerStateTerminated { FinishedAt = Noon.AddMinutes(-minutesAgo).UtcDateTime } },
    };
}
