using PodExecutor.Driver.Pipelines.GitLab;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>get_sources in the helper container.</summary>
public sealed class GitTests(TestCluster cluster)
{
    [Theory]
    [InlineData("fetch")]
    [InlineData("clone")]
    public async Task Sources_Fetched_AreThoseOfTheCommit(string strategy)
    {
        using var project = await TryProject.CreateAsync(cluster, $$"""
            variables: {GIT_STRATEGY: {{strategy}}}
            job: {script: ["test \"$(git rev-parse HEAD)\" = $CI_COMMIT_SHA", "cat text.txt", "git status --porcelain", "cat .git/config"]}
            """);
        project.Write("text.txt", "the text\n");
        await GitRepository.CommitAsync(project.Folder, "second");

        var output = await project.PassAsync();

        Assert.Contains("\nthe text\n", output);
        Assert.Contains("[remote \"origin\"]", output);
        Assert.DoesNotContain("glcbt-64_", output);
    }

    [Theory]
    [InlineData("2", "2")]
    [InlineData("0", "6")]
    public async Task Sources_WithADepth_HaveSoManyCommits(string depth, string count)
    {
        using var project = await TryProject.CreateAsync(cluster, $$"""
            variables: {GIT_DEPTH: "{{depth}}"}
            job: {script: ["echo commits=$(git rev-list --count HEAD)"]}
            """);
        for (var i = 0; i < 5; i++)
        {
            await GitRepository.CommitAsync(project.Folder, $"more {i}");
        }

        Assert.Contains($"\ncommits={count}\n", await project.PassAsync());
    }

    [Theory]
    [InlineData("none")]
    [InlineData("empty")]
    public async Task Sources_NotWanted_LeaveAnEmptyFolder(string strategy)
    {
        using var project = await TryProject.CreateAsync(cluster, $$"""
            variables: {GIT_STRATEGY: {{strategy}}}
            job: {script: ["test -z \"$(ls -A)\" && echo it is em'pty'"]}
            """);

        Assert.Contains("\nit is empty\n", await project.PassAsync());
    }

    [Fact]
    public async Task Sources_WithSubmodules_HaveThem()
    {
        var module = Directory.CreateTempSubdirectory("module-").FullName;
        await File.WriteAllTextAsync(Path.Combine(module, "module.txt"), "in the module\n", TestContext.Current.CancellationToken);
        await GitRepository.CreateAsync(module);
        await using var server = await GitLabDouble.StartAsync(new GitLabOptions(TestCluster.NodeAddress, "group/module"), module, null, TestContext.Current.CancellationToken);
        using var project = await TryProject.CreateAsync(cluster, """
            variables: {GIT_SUBMODULE_STRATEGY: recursive}
            job: {script: [cat deps/module/module.txt]}
            """);
        await GitRepository.GitAsync(project.Folder, "submodule", "add", "-q", server.RepositoryUrl(server.Tokens.Issue()), "deps/module");
        await GitRepository.CommitAsync(project.Folder, "a module");

        Assert.Contains("\nin the module\n", await project.PassAsync());
        Directory.Delete(module, recursive: true);
    }

    [Fact]
    public async Task Sources_WithLfs_HaveTheObject()
    {
        await using var server = await LfsServer.StartAsync("the large content\n"u8.ToArray());
        using var project = await TryProject.CreateAsync(cluster, "job: {script: [cat big.bin]}");
        project.Write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
        project.Write(".lfsconfig", $"[lfs]\n\turl = {server.Url}\n\tlocksverify = false\n");
        project.Write("big.bin", server.Pointer);
        await GitRepository.CommitAsync(project.Folder, "large");

        Assert.Contains("\nthe large content\n", await project.PassAsync());
    }

    [Fact]
    public async Task Sources_ForAnImageOfAnotherUser_BelongToIt()
    {
        using var project = await TryProject.CreateAsync(cluster, """
            job: {image: docker.io/pex/user:1, script: ["test $(id -u) = 1000", "stat -c 'owner %u' . .gitlab-ci.yml .git/HEAD", "echo more >> .gitlab-ci.yml"]}
            """);

        var output = await project.PassAsync();

        Assert.Equal(3, output.Split("\nowner 1000").Length - 1);
    }
}
