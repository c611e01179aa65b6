using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>Jobs beside each other.</summary>
public sealed class ParallelTests(TestCluster cluster)
{
    [Fact]
    public async Task TwoJobs_OfOneProjectAtOnce_DoNotSeeEachOther()
    {
        static JobRequest Request(string name) => new(
            $"touch of-{name} /tmp/of-{name} /cache/of-{name}; sleep 5{name.Length} & echo read'y' {name}; while [ ! -e /tmp/go ]; do sleep 0.1; done",
            "ls -1 . /tmp /cache; ps -e -o args= | grep 'sleep 5'");
        await using var first = new TestJob(cluster, Request("first"));
        await using var second = new TestJob(cluster, Request("second"));
        var both = Task.WhenAll(first.RunAsync(), second.RunAsync());
        await first.Log.SawAsync("\nready first");
        await second.Log.SawAsync("\nready second");

        foreach (var job in new[] { first, second })
        {
            await cluster.KubectlAsync("exec", job.Pod, "-n", job.Namespace, "-c", "build", "--", "touch", "/tmp/go");
        }

        Assert.All(await both, outcome => Assert.Equal(JobResult.Success, outcome.Result));
        Assert.DoesNotContain("of-second", After(first));
        Assert.DoesNotContain("of-first", After(second));
        Assert.DoesNotContain("sleep 56", After(first));
        Assert.DoesNotContain("sleep 55", After(second));

        static string After(TestJob job) => job.Log.Text[job.Log.Text.IndexOf("\nready", StringComparison.Ordinal)..];
    }

    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    public async Task ManyJobs_AtOnce_AllPassAndLeaveNothing(int count)
    {
        // The smallest requests: the scheduler must find room for all of them on the one node.
        const string options = "cpu_request = \"1m\"\nmemory_request = \"1Mi\"\nhelper_cpu_request = \"1m\"\nhelper_memory_request = \"1Mi\"\npoll_timeout = 900";
        var jobs = Enumerable.Range(1, count)
            .Select(i => new TestJob(cluster, new JobRequest($"echo number $(( 100 + {i} )); test $(hostname) != x") { Options = options, Timeout = 900 })).ToList();
        try
        {
            var outcomes = await Task.WhenAll(jobs.Select(j => j.RunAsync()));

            Assert.All(outcomes.Zip(jobs), pair => Assert.True(pair.First.Result == JobResult.Success, pair.Second.Log.Text));
            Assert.All(jobs.Select((job, i) => (job, i)), pair => Assert.Contains($"\nnumber {101 + pair.i}\n", pair.job.Log.Text));
            foreach (var job in jobs)
            {
                await job.NothingIsLeftAsync();
            }
        }
        finally
        {
            foreach (var job in jobs)
            {
                await job.DisposeAsync();
            }
        }
    }
}
