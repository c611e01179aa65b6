using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>A job's image may be nearly anything.</summary>
public sealed class ImageTests(TestCluster cluster)
{
    [Theory]
    [InlineData("debian:12", "test -n \"$BASH_VERSION\" && echo it is bash", "it is bash")]
    [InlineData("busybox:1", "test -z \"$BASH_VERSION\" && busybox --help", "BusyBox")]
    [InlineData("static:1", "/hello && echo it ran", "it ran")]
    [InlineData("user:1", "id -u; echo $HOME; touch mine && ls -ln mine", "\n1000\n")]
    [InlineData("entrypoint:1", "test ! -e /tmp/entrypoint-ran && echo entrypoint did not run", "entrypoint did not run")]
    public async Task Script_InAnyImage_Runs(string image, string script, string expected)
    {
        await using var job = new TestJob(cluster, new JobRequest(script) { Image = "docker.io/pex/" + image });

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains(expected, job.Log.Text);
    }

    [Fact]
    public async Task Script_OnAReadOnlyRoot_Runs()
    {
        var request = new JobRequest("if touch /nothing 2> /dev/null; then exit 9; fi", "touch here && echo wrote here") { Options = "read_only_root_filesystem = true" };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("wrote here", job.Log.Text);
    }

    [Fact]
    public async Task Image_WithItsEntrypointHonoured_RunsIt()
    {
        var request = new JobRequest("cat /tmp/entrypoint-ran && echo entrypoint ran")
        {
            Image = "docker.io/pex/entrypoint:1",
            Variables = [JobRequest.Variable("FF_KUBERNETES_HONOR_ENTRYPOINT", "true")],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("entrypoint ran", job.Log.Text);
    }

    [Fact]
    public async Task Image_WithTheJobsEntrypoint_RunsIt()
    {
        var request = new JobRequest("cat /tmp/own-entrypoint") { Entrypoint = ["/bin/sh", "-c", "echo mine > /tmp/own-entrypoint; exec \"$@\"", "entry"] };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\nmine\n", job.Log.Text);
    }

    [Fact]
    public async Task Image_OfAPrivateRegistry_IsPulledWithTheJobsLogin()
    {
        await cluster.ScriptAsync("registry.sh", "forget");
        var request = new JobRequest("echo pulled")
        {
            Image = "private.registry.test/team/private:1",
            Credentials = [new PayloadCredential { Url = "private.registry.test", Username = "ci", Password = "registry-password" }],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.DoesNotContain("registry-password", job.Log.Text);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Image_OfAPrivateRegistryWithoutLogin_FailsTheJobAndSaysWhy()
    {
        await cluster.ScriptAsync("registry.sh", "forget");
        await using var job = new TestJob(cluster, new JobRequest("true") { Image = "private.registry.test/team/private:1" });

        var outcome = await job.RunAsync();

        Assert.Equal(JobResult.Failed, outcome.Result);
        Assert.Equal(1, outcome.Calls.Single(c => c.Stage == "prepare").ExitCode);
        Assert.Contains("private.registry.test/team/private:1", job.Log.Text);
    }
}
