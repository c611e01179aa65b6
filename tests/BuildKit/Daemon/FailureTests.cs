using System.Text;
using PodExecutor.BuildKit;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Daemon;

/// <summary>Builds that fail on the real BuildKit 0.25, and what is known of it afterwards.</summary>
public sealed class FailureTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_ThatFails_HasItsExitCodeAndItsLines()
    {
        using var project = new Project($"FROM {Testbed.Base}\n\nRUN echo one && \\\n    echo to-stderr >&2 && \\\n    exit 42\n");
        await using var client = Testbed.Connect();
        var log = new ProgressLog();

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => client.SolveAsync(project.Request(), log.Add, Token));

        Assert.Equal(42, error.ExitCode);
        Assert.Equal((3, 5), (error.Location!.FirstLine, error.Location.LastLine));
        Assert.Equal("Dockerfile", error.Location.FileName);
        Assert.Equal(["FROM", "", "RUN"], error.Location.Lines(2).Take(3).Select(line => line.Text.Split(' ')[0]));
        Assert.Equal([false, false, true, true, true], error.Location.Lines(2).Take(5).Select(line => line.Meant));
        Assert.Contains("to-stderr", log.Output, StringComparison.Ordinal);
        Assert.Equal(error.VertexDigest, log.Vertices.Single(vertex => vertex.Error is not null).Digest);
    }

    [Fact]
    public async Task Dockerfile_WithASyntaxError_NamesTheLine()
    {
        using var project = new Project("FROM scratch\nCOPPY a b\n");
        await using var client = Testbed.Connect();

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => client.SolveAsync(project.Request(), cancellation: Token));

        Assert.Equal(2, error.Location!.FirstLine);
        Assert.Contains("COPPY", error.Message, StringComparison.Ordinal);
        Assert.Null(error.ExitCode);
    }

    /// <summary>The daemon has no valid status for it, and resets the call: that is no daemon that goes away.</summary>
    [Fact]
    public async Task Instruction_ThatIsNotUtf8_FailsTheBuildAndLeavesTheDaemon()
    {
        using var project = new Project();
        await File.WriteAllBytesAsync(Path.Combine(project.Context, "Dockerfile"), Encoding.Latin1.GetBytes("FROM scratch\nCAFÉ ou thé\n"), Token);
        await using var client = Testbed.Connect();

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => client.SolveAsync(project.Request(), cancellation: Token));

        Assert.Contains("a text that is not UTF-8", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty((await client.GetCapabilitiesAsync(Token)).Workers);
    }

    /// <summary>The daemon sends the Dockerfile back in a header, twice over.</summary>
    [Fact]
    public async Task Dockerfile_OfSeventyKilobytes_FailsAsASmallOne()
    {
        using var project = new Project("FROM scratch\n" + string.Concat(Enumerable.Repeat("# " + new string('x', 98) + "\n", 700)) + "COPY missing /\n");
        await using var client = Testbed.Connect();

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => client.SolveAsync(project.Request(), cancellation: Token));

        Assert.Equal(702, error.Location!.FirstLine);
        Assert.Contains("/missing", error.Message, StringComparison.Ordinal);
        // the connection has survived it
        Assert.NotEmpty((await client.GetCapabilitiesAsync(Token)).Workers);
    }

    [Fact]
    public async Task Dockerfile_ThatIsNotThere_IsSaid()
    {
        using var project = new Project();
        await using var client = Testbed.Connect();

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => client.SolveAsync(project.Request(), cancellation: Token));

        Assert.Contains("Dockerfile", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Context_ThatIsNotThere_IsSaidBeforeAnythingIsBuilt()
    {
        using var project = new Project("FROM scratch\n");
        await using var client = Testbed.Connect();
        var request = project.Request() with { LocalDirectories = new Dictionary<string, LocalDirectory> { ["context"] = new(project.Out("none")) } };

        var error = await Assert.ThrowsAsync<LocalFileException>(() => client.SolveAsync(request, cancellation: Token));

        Assert.Equal(project.Out("none"), error.Path);
    }

    [Fact]
    public async Task Daemon_ThatIsNotThere_IsUnreachable()
    {
        await using var client = new PodExecutor.BuildKit.BuildKitClient(BuildKitEndpoint.Parse("unix:///run/no-such-socket"));
        using var project = new Project("FROM scratch\n");

        var error = await Assert.ThrowsAsync<DaemonUnreachableException>(() => client.SolveAsync(project.Request(), cancellation: Token));

        Assert.Contains("unix:///run/no-such-socket", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_ThatTheDaemonDoesNotHave_IsSaidSoon()
    {
        using var project = new Project("FROM scratch\n");
        await using var client = Testbed.Connect();

        var error = await Assert.ThrowsAsync<NotSupportedByDaemonException>(
            () => client.SolveAsync(project.Request(null, Export.InDaemon("carrier-pigeon")), _ => { }, Token));

        Assert.Contains("carrier-pigeon", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_InTheMiddleOfARun_EndsTheBuildThereToo()
    {
        var marker = Guid.NewGuid().ToString("N");
        using var project = new Project($"FROM {Testbed.Base}\nRUN echo {marker}; sleep 3600\n");
        await using var client = Testbed.Connect();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var request = project.Request();
        void Watch(ProgressUpdate update)
        {
            if (update.Logs.Any(log => Encoding.UTF8.GetString(log.Data.Span).Contains(marker, StringComparison.Ordinal)))
            {
                stop.Cancel();
            }
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SolveAsync(request, Watch, stop.Token));

        // The build is in the history, ended: its progress comes to an end by itself.
        var last = new ProgressLog();
        await foreach (var update in client.WatchAsync(request.Ref, Token))
        {
            last.Add(update);
        }

        Assert.Contains(last.Vertices, vertex => vertex.Name.Contains(marker, StringComparison.Ordinal) && vertex.Completed is not null && vertex.Error is not null);
    }

    [Fact]
    public async Task Lint_OfADockerfile_ComesAsWarningsWithPlaces()
    {
        using var project = new Project("FROM scratch AS Upper\nCOPY greeting /greeting\n");
        project.Write("greeting", "hello");
        await using var client = Testbed.Connect();
        var log = new ProgressLog();

        await client.SolveAsync(project.Request(), log.Add, Token);

        var warning = Assert.Single(log.Warnings);
        Assert.Contains("StageNameCasing", warning.Short, StringComparison.Ordinal);
        Assert.Equal(1, warning.Source!.FirstLine);
        Assert.StartsWith("https://", warning.Url, StringComparison.Ordinal);
    }
}
