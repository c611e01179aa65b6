using System.Diagnostics;
using System.Text;
using PodExecutor.Link.Builders;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>max_parallel: builders that are busy with others' builds, which only the builder itself knows.</summary>
public sealed class BusyBuilderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Build_WhileTheOnlyBuilderIsBusy_WaitsSaysSoAndThenRuns()
    {
        await using var others = await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Plain("busy"));
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Busy());
        using var endless = new Project();
        others.Serve(endless);
        using var project = new Project().Dockerfile("LABEL a=b");
        helper.Serve(project);
        using var occupying = await OccupyAsync(endless);

        using var waiting = project.Start("docker", "build", "--progress", "plain", "-t", project.Image(), "--push", ".");
        waiting.StandardInput.Close();
        var output = waiting.StandardOutput.ReadToEndAsync(Token);
        var log = await ReadUntilAsync(waiting, "Waiting for a builder: busy runs ");
        var gaveUp = waiting.HasExited;
        await EndAsync(occupying);
        log += await waiting.StandardError.ReadToEndAsync(Token);
        await waiting.WaitForExitAsync(Token);

        Assert.False(gaveUp);
        Assert.Matches(@"Waiting for a builder: busy runs \d+ of at most 1 builds\n", log);
        Assert.True(waiting.ExitCode == 0, log + await output);
        Assert.Contains(" s of it waiting for a builder\n", log);
        Assert.StartsWith("sha256:", await Skopeo.DigestAsync(project.Image()));
    }

    [Fact]
    public async Task Build_WhileItsBuilderIsBusy_GoesToAnotherOneAndSaysSo()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Busy(), HelperContainer.Plain("free", Testbed.OtherBuilder));
        using var endless = new Project();
        using var project = new Project();
        helper.Serve(endless);
        helper.Serve(project);
        (project.Variables["CI_PROJECT_ID"], project.Variables["CI_PROJECT_DIR"]) = ("7", project.Folder);
        using var occupying = await OccupyAsync(endless, "--builder", "busy");

        var results = new List<CliResult>();
        for (var i = 0; i < 6; i++)
        {
            // Each Dockerfile has its own order of the two builders, the same in every run.
            project.Write($"d{i}/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
            results.Add(await project.PassAsync("docker", "build", $"d{i}"));
        }

        await EndAsync(occupying);
        Assert.Contains(results, r => r.Log.Contains("Building on free; busy, where this project's cache is warm, is busy (", StringComparison.Ordinal));
        Assert.Contains(results, r => !r.Log.Contains("Building on", StringComparison.Ordinal));
        Assert.DoesNotContain(results, r => r.Log.Contains("Waiting for a builder", StringComparison.Ordinal));
    }

    private static Builder Busy()
    {
        var builder = HelperContainer.Plain("busy");
        builder.MaxParallel = 1;
        return builder;
    }

    /// <summary>A build that is in the middle of a step, until the test ends it.</summary>
    private static async Task<Process> OccupyAsync(Project project, params string[] flags)
    {
        project.Dockerfile("RUN echo begin; sleep 300");
        var process = project.Start("docker", ["build", .. flags, "--progress", "plain", "."]);
        process.StandardInput.Close();
        _ = process.StandardOutput.ReadToEndAsync(Token);
        await ReadUntilAsync(process, " begin\n");
        _ = process.StandardError.ReadToEndAsync(Token);
        return process;
    }

    private static async Task EndAsync(Process process)
    {
        process.Kill();
        await process.WaitForExitAsync(Token);
    }

    private static async Task<string> ReadUntilAsync(Process process, string text)
    {
        var log = new StringBuilder();
        while (!log.ToString().Contains(text, StringComparison.Ordinal))
        {
            log.Append(await process.StandardError.ReadLineAsync(Token) ?? throw new InvalidOperationException($"it ended before it said \"{text}\":\n{log}")).Append('\n');
        }

        return log.ToString();
    }
}
