using System.Text;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>The runner double reads the two pipes of a call as gitlab-runner does: independently of each other.</summary>
public sealed class PipeReaderTests : IDisposable
{
    private readonly FakeExecutor _executor = new();

    public void Dispose() => _executor.Dispose();

    [Theory]
    [InlineData(false, "err\nout\n")]
    [InlineData(true, "out\nerr\n")]
    public async Task LateReader_OfOnePipe_DoesNotDelayTheOther(bool lateIsError, string expected)
    {
        var otherIsRead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var text = new StringBuilder();
        var options = _executor.Options with { BeforeRead = isError => isError == lateIsError ? new ValueTask(otherIsRead.Task) : ValueTask.CompletedTask };
        using var session = new RunnerSession(options, FakeExecutor.Job("true"), chunk =>
        {
            lock (text)
            {
                text.Append(Encoding.ASCII.GetString(chunk.Span));
            }

            otherIsRead.TrySetResult();
            return ValueTask.CompletedTask;
        }, TimeProvider.System);

        // The late reader reverses the order in which the script writes.
        var script = lateIsError ? "echo err >&2; echo out" : "echo out; echo err >&2";
        var run = await session.RunAsync("build_script", script, TestContext.Current.CancellationToken);

        Assert.Equal((0, expected), (run.ExitCode, text.ToString()));
    }
}
