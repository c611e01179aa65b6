using System.CommandLine;
using PodExecutor.Driver.Pipelines;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>From the words of the command line to the exit code.</summary>
public sealed class TryCommandTests : IDisposable
{
    private readonly FakeExecutor _fake = new();
    private readonly string _project = Directory.CreateTempSubdirectory("command-").FullName;

    public void Dispose()
    {
        _fake.Dispose();
        Directory.Delete(_project, recursive: true);
    }

    [Theory]
    [InlineData("a: {script: ['test $A = b']}", "--variable A=b", 0)]
    [InlineData("a: {script: [exit 5]}", "", 1)]
    [InlineData("a: {script: [sleep 20], timeout: 1 second}", "", 1)]
    [InlineData("a: {script: ['true']}\nb: {script: [exit 1]}", "a", 0)]
    [InlineData("a: {script: ['test $CI_COMMIT_BRANCH = feature']}", "--ref feature", 0)]
    [InlineData("a: {script: ['true'], parallel: 2}", "", 3)]
    [InlineData("a: {script: ['true']}", "ghost", 3)]
    [InlineData("a: {script: ['true']}", "--timeout soon", 3)]
    [InlineData("a: {script: ['true']}", "--variable NAME", 3)]
    [InlineData("a: {script: ['true']}", "--concurrent 0", 3)]
    [InlineData("a: {script: ['true']}", "--project-dir /no/such/directory", 3)]
    public async Task Try_Ended_TellsByItsExitCode(string pipeline, string arguments, int expected)
    {
        var file = Path.Combine(_project, "pipe.yml");
        await File.WriteAllTextAsync(file, pipeline, TestContext.Current.CancellationToken);
        var config = new Option<string>("--config") { DefaultValueFactory = _ => "/none.toml", Recursive = true };
        var root = new RootCommand { config };
        root.Add(TryCommand.Build(config));

        string[] words = ["try", file, "--gitlab-address", "127.0.0.1", "--executable", _fake.Program, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        var exitCode = await root.Parse(words).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(expected, exitCode);
    }
}
