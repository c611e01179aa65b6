using PodExecutor.Link.Builders;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>The gateway of the helper container: the published agent between jobs and a real BuildKit.</summary>
public sealed class GatewayTests
{
    [Fact]
    public async Task Build_ThroughMutualTls_KnowsNoKey()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy { Project = "7" }, HelperContainer.Tls("secured"));
        using var project = new Project().Dockerfile("RUN echo $UNIQUE > /made");
        helper.Serve(project);

        await project.PassAsync("docker", "build", "-t", project.Image(), "--push", ".");
        var info = await project.PassAsync("docker", "info");

        Assert.StartsWith("sha256:", await Skopeo.DigestAsync(project.Image()));
        Assert.Contains("secured", info.Output);
        var environment = File.ReadAllText($"/proc/{helper.Pid}/environ") + File.ReadAllText($"/proc/{helper.Pid}/cmdline");
        Assert.DoesNotContain("PRIVATE KEY", environment);

        // Not dumpable: only a capability that job pods lack opens its memory; the files belong to root then.
        Assert.Equal("0", (await File.ReadAllTextAsync($"/proc/{helper.Pid}/oom_score_adj", TestContext.Current.CancellationToken)).Trim());
    }

    /// <summary>The files of a process that is not dumpable are root's in /proc, whoever runs it.</summary>
    [Fact]
    public async Task Link_ThroughWhichTheKeysCome_IsNotReadByItsOwnUser()
    {
        using var project = new Project();
        using var link = project.Start("/usr/bin/setpriv", "--reuid", "65534", "--clear-groups", Testbed.Agent, "link", project.At("nobody.sock"));
        async Task<string> OwnerAsync()
        {
            using var stat = project.Start("/usr/bin/stat", "-c", "%u", $"/proc/{link.Id}/mem");
            return (await stat.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim();
        }

        // It waits for a supervisor that does not come, so that there is time to look.
        await Until.TrueAsync(async () => File.Exists($"/proc/{link.Id}/mem") && File.ReadAllText($"/proc/{link.Id}/status").Contains("Uid:\t65534", StringComparison.Ordinal) && await OwnerAsync() == "0", "the link to close its memory");
        link.Kill();
        await link.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("Pushing to", "-t", "127.0.0.1:15000/elsewhere/app:1", "--push")]
    [InlineData("The entitlement security.insecure is not allowed", "--allow", "security.insecure")]
    [InlineData("The entitlement network.host is not allowed", "--network", "host")]
    [InlineData("Pushing to", "--cache-to", "type=registry,ref=127.0.0.1:15000/elsewhere/cache")]
    [InlineData("credential", "--cache-to", "type=s3,bucket=b,region=r,name=n")]
    public async Task Build_AgainstTheOperatorsRules_IsRefused(string expected, params string[] flags)
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy { AllowedRepositories = { $"{Testbed.Registry}/mine" } }, HelperContainer.Plain("one"));
        using var project = new Project().Dockerfile("LABEL a=b");
        helper.Serve(project);

        var result = await project.RunAsync("docker", ["build", .. flags, "."]);

        Assert.NotEqual(0, result.Code);
        Assert.Contains(expected, result.Log);
    }

    /// <summary>No builder takes part in these.</summary>
    [Fact]
    public async Task Copies_AgainstTheOperatorsRules_AreRefused()
    {
        using var builder = new Project().Dockerfile("LABEL a=b");
        await builder.PassAsync("docker", "build", "-t", builder.Image(), "--push", ".");
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy { AllowedRepositories = { $"{Testbed.Registry}/mine" } }, HelperContainer.Plain("one"));
        using var job = new Project();
        helper.Serve(job);
        var (mine, elsewhere) = ($"{Testbed.Registry}/mine/app:{job.Unique}", $"{Testbed.Registry}/elsewhere/app:{job.Unique}");

        await job.PassAsync("docker", "pull", builder.Image());
        await job.PassAsync("docker", "tag", builder.Image(), mine);
        await job.PassAsync("docker", "tag", builder.Image(), elsewhere);
        await job.PassAsync("docker", "push", mine);
        await job.PassAsync("docker", "manifest", "create", elsewhere, builder.Image());
        CliResult[] refused =
        [
            await job.RunAsync("docker", "push", elsewhere), await job.RunAsync("docker", "buildx", "imagetools", "create", "-t", elsewhere, mine),
            await job.RunAsync("docker", "manifest", "push", elsewhere),
        ];

        Assert.Equal(await Skopeo.DigestAsync(builder.Image()), await Skopeo.DigestAsync(mine));
        Assert.All(refused, r => Assert.True(r.Code == 1 && r.Log.Contains($"Pushing to {Testbed.Registry}/elsewhere/app is not allowed from this runner", StringComparison.Ordinal), r.All));
    }

    [Fact]
    public async Task CacheMounts_OfTwoProjects_AreTwo()
    {
        await using var first = await HelperContainer.StartAsync(new BuildPolicy { CacheNamespace = $"a-{Guid.NewGuid():N}" }, HelperContainer.Plain("one"));
        await using var second = await HelperContainer.StartAsync(new BuildPolicy { CacheNamespace = $"b-{Guid.NewGuid():N}" }, HelperContainer.Plain("one"));
        using var project = new Project().Dockerfile("ARG STEP", "RUN --mount=type=cache,id=shared,target=/cache echo $STEP; ls /cache; touch /cache/$STEP");

        async Task<string> BuildAsync(HelperContainer helper, string step)
        {
            helper.Serve(project);
            return (await project.PassAsync("docker", "build", "--progress", "plain", "--build-arg", "STEP=" + step, "--build-arg", "BUILDKIT_CACHE_MOUNT_NS=forged", ".")).Log;
        }

        await BuildAsync(first, "left-by-a");
        var other = await BuildAsync(second, "left-by-b");
        var again = await BuildAsync(first, "again");

        Assert.DoesNotMatch(@"\n#\d+ [0-9.]+ left-by-a\n", other);
        Assert.Matches(@"\n#\d+ [0-9.]+ left-by-a\n", again);
        Assert.DoesNotMatch(@"\n#\d+ [0-9.]+ left-by-b\n", again);
    }

    [Fact]
    public async Task Builder_ThatDiesDuringTheBuild_IsReplacedByAnother()
    {
        await using var mortal = HelperContainer.Mortal();
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Plain("mortal", mortal.Address), HelperContainer.Plain("steady"));
        using var project = new Project().Dockerfile("RUN echo begin; sleep 4; echo end > /made");
        helper.Serve(project);

        var result = await mortal.DieDuringAsync(project, "--buildkit-host", mortal.Address);

        // The command line picks the mortal one; when that is gone there is no other of its name, so the build goes on anywhere.
        Assert.True(result.Code == 0, result.All);
        Assert.Contains("The builder mortal went away", result.Log);
        Assert.StartsWith("sha256:", await Skopeo.DigestAsync(project.Image()));
    }

    [Fact]
    public async Task Builder_ThatDiesAndHasNoOther_IsOneClearFailure()
    {
        await using var mortal = HelperContainer.Mortal();
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Plain("mortal", mortal.Address));
        using var project = new Project().Dockerfile("RUN echo begin; sleep 4; echo end > /made");
        helper.Serve(project);

        var result = await mortal.DieDuringAsync(project);

        Assert.Equal(75, result.Code);
        Assert.Contains("ERROR: No builder is left for this build: mortal went away", result.Log);
        Assert.Contains("No builder is left for this build: mortal went away", helper.AwayNote);
    }

    [Fact]
    public async Task Builder_ThatIsDown_IsPassedOverAndNamed()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Plain("down", "tcp://127.0.0.1:1"), HelperContainer.Plain("up"));
        using var project = new Project().Dockerfile("LABEL a=b");
        helper.Serve(project);
        (project.Variables["CI_PROJECT_ID"], project.Variables["CI_PROJECT_DIR"]) = ("7", project.Folder);

        var results = new List<CliResult>();
        for (var i = 0; i < 6; i++)
        {
            // Each Dockerfile has its own order of the two builders, the same in every run.
            project.Write($"d{i}/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
            results.Add(await project.PassAsync("docker", "build", $"d{i}"));
        }

        Assert.Contains(results, r => r.Log.Contains("Building on up; down, where this project's cache is warm, is not reached", StringComparison.Ordinal));
        Assert.Contains(results, r => !r.Log.Contains("Building on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Address_OfNoBuilderOfOurs_GoesToOneOfOursWithANote()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Plain("ours"));
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        helper.Serve(project);

        var foreign = await project.PassAsync("nerdctl", "build", "--buildkit-host", "tcp://buildkitd.cicd.svc:1234", ".");
        var platform = await project.RunAsync("nerdctl", "build", "--platform", "linux/s390x-none", ".");

        Assert.Contains("tcp://buildkitd.cicd.svc:1234 is none of this runner's builders", foreign.Log);
        Assert.Equal(125, platform.Code);
        Assert.Contains("No builder has all of linux/s390x-none", platform.Log);
    }

    [Fact]
    public async Task FailedBuild_OfALargeDockerfile_ComesThroughWhole()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Tls("one"));
        using var project = new Project();
        helper.Serve(project);
        var padding = string.Concat(Enumerable.Range(0, 1000).Select(i => $"# {i} {new string('x', 70)}\n"));
        project.Write("Dockerfile", $"FROM {Testbed.Base}\n{padding}RUN exit 7\n");

        var result = await project.RunAsync("docker", "build", ".");

        Assert.Equal(1, result.Code);
        Assert.Contains("Dockerfile:1002", result.Log);
        Assert.Contains("exit code: 7", result.Log);
    }

    [Fact]
    public async Task DockerBuildx_ThroughTheSocket_BuildsUnderTheSameRules()
    {
        await using var helper = await HelperContainer.StartAsync(
            new BuildPolicy { AllowedRepositories = { $"{Testbed.Registry}/mine" }, CacheNamespace = "buildx" }, HelperContainer.Tls("one"));
        using var project = new Project().Dockerfile("RUN --mount=type=cache,target=/c echo $UNIQUE > /made");
        var (mine, other) = ($"{Testbed.Registry}/mine/{project.Unique}:1", $"{Testbed.Registry}/other/{project.Unique}:1");
        Directory.CreateDirectory(project.Variables["HOME"]);
        var name = "b" + project.Unique;
        await PassAsync(project, "create", "--driver", "remote", "--name", name, "unix://" + helper.AnySocket);

        await PassAsync(project, "build", "--builder", name, "--provenance=false", "-t", mine, "--push", ".");
        var refused = await project.RunAsync(Testbed.Buildx, "build", "--builder", name, "--provenance=false", "-t", other, "--push", ".");
        var prune = await project.RunAsync(Testbed.Buildx, "prune", "--builder", name, "-f");

        Assert.StartsWith("sha256:", await Skopeo.DigestAsync(mine));
        Assert.NotEqual(0, refused.Code);
        Assert.Contains("is not allowed from this runner", refused.Log);
        Assert.Contains("is not allowed to jobs", prune.All);
    }

    private static async Task PassAsync(Project project, params string[] arguments)
    {
        var result = await project.RunAsync(Testbed.Buildx, arguments);
        Assert.True(result.Code == 0, result.All);
    }
}
