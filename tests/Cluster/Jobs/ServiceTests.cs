using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>Services beside the script.</summary>
public sealed class ServiceTests(TestCluster cluster)
{
    [Fact]
    public async Task Service_ByEveryAlias_IsReached()
    {
        const string ask = "for try in $(seq 100); do redis-cli -h $host ping 2> /dev/null && break; done";
        var request = new JobRequest($"for host in pex-redis cache store; do echo ask $host; {ask} | grep PONG; done")
        {
            Image = "docker.io/pex/build:12",
            Services = [new PayloadImage { Name = "pex/redis:7", Alias = "cache,store" }],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Equal(3, job.Log.Text.Split("\nPONG").Length - 1);
    }

    [Fact]
    public async Task Service_WithVariables_HasThemAndTheJobs()
    {
        const string ask = "for try in $(seq 200); do curl -sf http://$host:$port/ && break; done";
        var request = new JobRequest($"host=one port=8001; {ask}", $"host=two port=8002; {ask}")
        {
            Variables = [JobRequest.Variable("WEB_TEXT", "text of the job")],
            Services = [
                new PayloadImage { Name = "docker.io/pex/web:1", Alias = "one", Variables = [JobRequest.Variable("WEB_PORT", "8001"), JobRequest.Variable("WEB_TEXT", "text of its own")] },
                new PayloadImage { Name = "docker.io/pex/web:1", Alias = "two", Variables = [JobRequest.Variable("WEB_PORT", "8002")] },
            ],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("text of its own", job.Log.Text);
        Assert.Contains("text of the job", job.Log.Text);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Service_WithEntrypointAndCommand_RunsThem()
    {
        var request = new JobRequest("for try in $(seq 200); do curl -sf http://files:9000/mark && break; done")
        {
            Services = [new PayloadImage
            {
                Name = "docker.io/pex/busybox:1",
                Alias = "files",
                Entrypoint = ["/bin/sh", "-c"],
                Command = ["mkdir -p /tmp/www && echo by-command > /tmp/www/mark && exec busybox httpd -f -p 9000 -h /tmp/www"],
            }],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("by-command", job.Log.Text);
    }

    [Fact]
    public async Task Service_ThatNeverListensAndDeclaresNoPort_DelaysNothing()
    {
        var ns = await cluster.NewNamespaceAsync();
        var request = new JobRequest("echo script ra'n'") { Namespace = ns, Services = [Shell("worker", "exec sleep 600")] };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\nscript ran\n", job.Log.Text);
        Assert.DoesNotContain("Waiting for", job.Log.Text);
        Assert.DoesNotContain("Services are ready", job.Log.Text);
    }

    [Fact]
    public async Task Service_ThatExitsAtOnce_IsReportedWithItsCodeAndLastLines()
    {
        var request = new JobRequest("sleep 20; echo script ra'n'") { Services = [Shell("db", "echo 'FATAL: bad configuration'; exit 3")] };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        // Nothing waits for it, so the job goes on.
        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("exited with code 3", job.Log.Text);
        Assert.Contains("FATAL: bad configuration", job.Log.Text);
        Assert.DoesNotContain("Services are ready", job.Log.Text);
    }

    [Fact]
    public async Task Service_ThatExitsDuringTheScript_IsReportedWhenTheJobFails()
    {
        var request = new JobRequest("for try in $(seq 200); do curl -sf http://db:8125/ > /dev/null || break; sleep 0.1; done; exit 9")
        {
            Services = [Shell("db", "mkdir -p /tmp/www; echo up > /tmp/www/index.html; busybox httpd -p 8125 -h /tmp/www; sleep 4; echo 'FATAL: out of disk'; exit 4", JobRequest.Variable("HEALTHCHECK_TCP_PORT", "8125"))],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.Equal((JobResult.Failed, 9), (outcome.Result, outcome.ExitCode));
        Assert.Contains("exited with code 4", job.Log.Text);
        Assert.Contains("FATAL: out of disk", job.Log.Text);
    }

    private static PayloadImage Shell(string alias, string script, params Driver.Job.JobVariable[] variables) => new()
    {
        Name = "docker.io/pex/busybox:1",
        Alias = alias,
        Entrypoint = ["/bin/sh", "-c"],
        Command = [script],
        Variables = variables,
    };
}
