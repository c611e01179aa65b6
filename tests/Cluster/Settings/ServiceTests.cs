using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Settings;

/// <summary>Services of operator and job: waited for, explained, shown.</summary>
public sealed class ServiceTests(TestCluster cluster)
{
    private const string Busybox = "docker.io/pex/busybox:1";

    [Fact]
    public async Task Service_OfTheOperator_IsReachedByItsAlias()
    {
        var request = new JobRequest("curl -sf http://mirror.corp.test:8123/ && curl -sf http://mirror:8123/")
        {
            Options = """
                [[kubernetes.services]]
                name = "docker.io/pex/web:1"
                alias = "mirror mirror.corp.test"
                environment = ["WEB_PORT=8123", "WEB_TEXT=hello of $WHO", "HEALTHCHECK_TCP_PORT=8123"]
                """,
            Variables = [JobRequest.Variable("WHO", "the operator")],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Equal(2, job.Log.Text.Split("\nhello of the operator").Length - 1);
    }

    [Fact]
    public async Task Service_ThatStartsLate_IsWaitedFor()
    {
        var request = new JobRequest("curl -sf http://late:8124/mark")
        {
            Services = [Shell("late", "sleep 3; mkdir -p /tmp/www; echo up > /tmp/www/mark; exec busybox httpd -f -p 8124 -h /tmp/www", JobRequest.Variable("HEALTHCHECK_TCP_PORT", "8124"))],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\nup\n", job.Log.Text);
    }

    [Fact]
    public async Task Service_ThatIsNeverReady_IsExplainedWithItsLastLines()
    {
        var request = new JobRequest("echo script ran")
        {
            Options = "wait_for_services_timeout = 2",
            Services = [Shell("db", "echo 'FATAL: no password is set'; exec sleep 600", JobRequest.Variable("HEALTHCHECK_TCP_PORT", "5432"))],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.Equal(JobResult.Failed, outcome.Result);
        Assert.Contains($"Service db ({Busybox}) is not ready: nothing listens on port 5432", job.Log.Text);
        Assert.Contains("FATAL: no password is set", job.Log.Text);
        Assert.DoesNotContain("\nscript ran", job.Log.Text);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Service_ThatHasEnded_IsExplainedAtOnce()
    {
        var request = new JobRequest("echo script ran")
        {
            Options = "wait_for_services_timeout = \"10m\"",
            Services = [Shell("db", "echo 'FATAL: bad configuration'; exit 3", JobRequest.Variable("HEALTHCHECK_TCP_PORT", "5432"))],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.Equal(JobResult.Failed, outcome.Result);
        Assert.Contains("it exited with code 3", job.Log.Text);
        Assert.Contains("FATAL: bad configuration", job.Log.Text);
    }

    [Fact]
    public async Task Logs_OfServices_AreShownIfTheJobWantsThem()
    {
        // The script lasts: a service's log is refused until the API server knows that it runs, and is to be shown in this stage all the same.
        var request = new JobRequest("sleep 4; echo script ran")
        {
            Variables = [JobRequest.Variable("CI_DEBUG_SERVICES", "true")],
            Services = [Shell("worker", "echo worker is up; exec sleep 600")],
            Options = "wait_for_services_timeout = 0",
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.True(job.Log.Text.Split("[service:worker] worker is up").Length == 2, job.Log.Text);
        Assert.True(job.Log.Text.IndexOf("worker is up", StringComparison.Ordinal) < job.Log.Text.IndexOf("\nscript ran", StringComparison.Ordinal), job.Log.Text);
    }

    private static PayloadImage Shell(string alias, string script, params Driver.Job.JobVariable[] variables) => new()
    {
        Name = Busybox,
        Alias = alias,
        Entrypoint = ["/bin/sh", "-c"],
        Command = [script],
        Variables = variables,
    };
}
