using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Settings;

/// <summary>Who a job is in its pod, and where the pod is.</summary>
public sealed class IdentityTests(TestCluster cluster)
{
    [Fact]
    public async Task NonRoot_OnAReadOnlyRoot_HasAHomeAndAProject()
    {
        var request = new JobRequest("id -u; echo home > $HOME/file && cat $HOME/file; echo project > file && ls -ln file", "if touch /x 2> /dev/null; then exit 9; fi")
        {
            Options = """
                read_only_root_filesystem = true
                allow_privilege_escalation = false
                cap_drop = ["ALL"]
                [kubernetes.pod_security_context]
                run_as_user = 1234
                run_as_group = 1234
                run_as_non_root = true
                """,
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\n1234\nhome\n", job.Log.Text);
    }

    [Theory]
    [InlineData("docker.io/pex/user:1", "")]
    [InlineData("docker.io/pex/debian:12", "run_as_user = 1234\nrun_as_group = 1234")]
    public async Task SupplementalGroup_OfThePod_IsInTheScriptsOfBothContainers(string image, string user)
    {
        const int group = 2000;
        var folder = Directory.CreateTempSubdirectory("shared-");
        try
        {
            var file = Path.Combine(folder.FullName, "file");
            await File.WriteAllTextAsync(file, "only for the group\n", TestContext.Current.CancellationToken);
            await Shell.RunAsync("chown", "-R", $"0:{group}", folder.FullName);
            await Shell.RunAsync("chmod", "0770", folder.FullName);
            await Shell.RunAsync("chmod", "0640", file);
            var request = new JobRequest("true")
            {
                Image = image,
                Options = $"""
                    [kubernetes.pod_security_context]
                    supplemental_groups = [{group}]
                    {user}
                    [[kubernetes.volumes.host_path]]
                    name = "shared"
                    mount_path = "/shared"
                    host_path = "{folder.FullName}"
                    """,
            };
            await using var job = new TestJob(cluster, request);
            using var session = job.Session();
            await session.ConfigAsync(TestContext.Current.CancellationToken);
            Assert.True((await session.PrepareAsync(TestContext.Current.CancellationToken)).ExitCode == 0, job.Log.Text);

            var stages = new List<(string Stage, int ExitCode, string Output)>();
            foreach (var stage in new[] { "get_sources", "restore_cache", "build_script", "archive_cache" })
            {
                var run = await session.RunAsync(stage, "#!/bin/sh\ncat /shared/file\n", TestContext.Current.CancellationToken);
                stages.Add((stage, run.ExitCode, run.Stdout.Text + run.Stderr.Text));
            }

            await session.CleanupAsync();
            Assert.All(stages, run => Assert.Equal((run.Stage, 0, "only for the group\n"), run));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task ImageWithAUser_WithoutAnyCapability_ClonesCachesAndBuilds()
    {
        var server = await S3Server.OpenAsync();
        using var project = await TryProject.CreateAsync(cluster, """
            job:
              image: docker.io/pex/user:1
              script: ["test $(id -u) = 1000", "cat text.txt", "mkdir -p target && echo compiled > target/A.class", "echo result > result.txt"]
              cache: {key: k, paths: [target/]}
              artifacts: {paths: [result.txt]}
            """, kubernetes: "cap_drop = [\"ALL\"]");
        project.AddOptions("\n" + server.Toml());
        project.Write("text.txt", "the text\n");
        await GitRepository.CommitAsync(project.Folder, "second");

        var output = await project.PassAsync();

        Assert.Contains("\nthe text\n", output);
    }

    [Fact]
    public async Task User_OfTheJobsImage_RunsItsScript()
    {
        await using var job = new TestJob(cluster, new JobRequest("id -u; id -g; touch file && ls -ln file"));
        job.Payload = job.Payload with
        {
            Image = new PayloadImage { Name = "docker.io/pex/debian:12", ExecutorOpts = new PayloadExecutorOptions { Kubernetes = new PayloadKubernetesOptions { User = "1500:1600" } } },
        };

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\n1500\n1600\n", job.Log.Text);
    }

    [Fact]
    public async Task Namespace_OfTheJob_GoesWithIt()
    {
        await using var job = new TestJob(cluster, new JobRequest("echo here") { Options = "namespace_per_job = true" });
        var name = $"ci-job-{job.Payload.Id}";

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains($"in namespace {name}", job.Log.Text);
        await Until.TrueAsync(async () => (await cluster.KubectlAsync("get", "namespace", name, "--ignore-not-found", "-o", "jsonpath={.status.phase}")) != "Active", "the namespace to go");
    }

    [Fact]
    public async Task PullPolicies_InTurn_TakeTheImageOfTheNode()
    {
        // No registry has the test images: always fails, the node has them.
        await using var job = new TestJob(cluster, new JobRequest("echo pulled not") { PullPolicy = "always\", \"if-not-present" });

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("could not be pulled with policy Always: trying IfNotPresent", job.Log.Text);
    }
}
