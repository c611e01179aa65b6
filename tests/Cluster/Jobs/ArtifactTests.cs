using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>Artifacts between jobs: the agent, under the name gitlab-runner, in the helper container.</summary>
public sealed class ArtifactTests(TestCluster cluster)
{
    [Fact]
    public async Task Artifacts_OfAJob_ReachTheNextWithModesAndLinks()
    {
        using var project = await TryProject.CreateAsync(cluster, """
            stages: [make, use]
            make:
              stage: make
              script:
                - mkdir -p out/deep/empty && echo text > out/deep/file.txt && ln -s deep/file.txt out/link
                - printf '#!/bin/sh\necho tool ran\n' > out/tool && chmod 750 out/tool && echo no > out/skipped.log
                - head -c 5000000 /dev/urandom > out/random && sha256sum out/random > out/sum && echo VERSION=7 > v.env
              artifacts: {paths: [out/], exclude: ["out/**/*.log"], reports: {dotenv: v.env}}
            use:
              stage: use
              script:
                - sha256sum -c out/sum && out/tool && cat out/link && test -d out/deep/empty && test ! -e out/skipped.log
                - stat -c 'mode %a' out/tool && test -L out/link && echo version $VERSION
            """);

        var output = await project.PassAsync();

        Assert.Contains("\ntool ran\n", output);
        Assert.Contains("\nmode 750\n", output);
        Assert.Contains("\nversion 7\n", output);
    }

    [Fact]
    public async Task Artifacts_OfAnImageWithAnotherUser_AreItsOwn()
    {
        using var project = await TryProject.CreateAsync(cluster, """
            stages: [make, use]
            make: {stage: make, image: docker.io/pex/user:1, script: [echo mine > file], artifacts: {paths: [file]}}
            use: {stage: use, image: docker.io/pex/user:1, script: ["cat file && echo more >> file && stat -c 'owner %u' file"]}
            """);

        Assert.Contains("\nowner 1000\n", await project.PassAsync());
    }

    [Fact]
    public async Task Helper_AskedAsGitlabRunner_TellsItsVersion()
    {
        await using var job = new TestJob(cluster, new JobRequest("true"));
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        await session.PrepareAsync(TestContext.Current.CancellationToken);

        var version = await session.RunAsync("get_sources", "gitlab-runner --version", TestContext.Current.CancellationToken);
        await session.CleanupAsync();

        Assert.Equal(0, version.ExitCode);
        Assert.Contains("Version:", version.Stdout.Text);
    }
}
