using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Images;

/// <summary>Builders that die while a job builds on them.</summary>
public sealed class BuilderLossTests(TestCluster cluster)
{
    private const string Base = "127.0.0.1:15000/team/public:1";

    private readonly string _image = $"127.0.0.1:15000/builder-loss/{Guid.NewGuid():N}:1";

    [Fact]
    public async Task OnlyBuilder_KilledDuringTheBuild_IsOneSystemFailure()
    {
        await using var mortal = PodsBuilder.Start();
        await using var job = Job("", mortal.Options("mortal"));

        var outcome = await KillDuringBuildAsync(job, mortal);

        Assert.True(outcome.Result == JobResult.Failed, job.Log.Text);
        Assert.Equal("runner_system_failure", outcome.FailureReason);
        Assert.Single(Lines(job.Log.Text, "ERROR: The job's image build failed for want of a builder"));
        Assert.Contains("why:  No builder is left for this build: mortal went away while it ran.", job.Log.Text);
        Assert.Empty(Lines(job.Log.Text, "\nafter the build"));
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task OneOfTwoBuilders_KilledDuringTheBuild_IsReplacedAndTheJobPasses()
    {
        await using var mortal = PodsBuilder.Start();
        await using var steady = PodsBuilder.Start();
        await using var job = Job($"--buildkit-host {mortal.Address}", mortal.Options("mortal") + steady.Options("steady"));

        var outcome = await KillDuringBuildAsync(job, mortal);

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Single(Lines(job.Log.Text, "The builder mortal went away"));
        Assert.Single(Lines(job.Log.Text, $"Pushed {_image}@sha256:"));
        Assert.Single(Lines(job.Log.Text, "\nafter the build"));
    }

    /// <summary>A job whose image is built by a step that lasts, and pushed.</summary>
    private TestJob Job(string flags, string options) => new(cluster, new JobRequest(
        $"printf 'FROM {Base}\\nRUN echo {Guid.NewGuid():N} > /made; echo has begun; sleep 5\\n' | docker build {flags} --progress plain -t {_image} --push -",
        "echo after the bui'ld'")
    {
        Options = options,
    });

    private static async Task<JobOutcome> KillDuringBuildAsync(TestJob job, PodsBuilder mortal)
    {
        var running = job.RunAsync();
        // As a line of the step's output; in the step's name more follows.
        await job.Log.SawAsync(" has begun\n");
        mortal.Die();
        return await running;
    }

    private static IEnumerable<string> Lines(string log, string text) => log.Split(text).Skip(1);
}
