using PodExecutor.BuildKit;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Daemon;

/// <summary>Each kind of output of the real BuildKit 0.25, read back.</summary>
public sealed class OutputTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Local_OfARun_HasItsFiles()
    {
        using var project = new Project($"FROM {Testbed.Base} AS build\nCOPY greeting /greeting\nRUN cat /greeting > /out\nFROM scratch\nCOPY --from=build /out /out\n");
        project.Write("greeting", "hello " + Guid.NewGuid());
        await using var client = Testbed.Connect();
        var log = new ProgressLog();

        await client.SolveAsync(project.Request(null, Export.Local(project.Out("result"))), log.Add, Token);

        Assert.Equal(File.ReadAllText(Path.Combine(project.Context, "greeting")), File.ReadAllText(Path.Combine(project.Out("result"), "out")));
        Assert.Contains(log.Vertices, vertex => vertex.Name.Contains("RUN cat", StringComparison.Ordinal) && vertex.Completed is not null);
        Assert.True(log.Transferred > 0);
    }
}
