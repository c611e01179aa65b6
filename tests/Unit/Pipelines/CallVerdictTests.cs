using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>Contract §6, line by line.</summary>
public class CallVerdictTests
{
    [Theory]
    [InlineData(0, null, "None", 0, "")]
    [InlineData(0, "42", "None", 0, "")]
    [InlineData(1, null, "Build", 1, "exit status 1")]
    [InlineData(1, "42\n", "Build", 42, "exit status 42")]
    [InlineData(1, "42\nmore", "Build", 42, "exit status 42")]
    [InlineData(1, "", "System", 0, "unknown failure")]
    [InlineData(1, "forty-two", "System", 0, "unknown failure")]
    [InlineData(1, " 42", "System", 0, "unknown failure")]
    [InlineData(2, "42", "System", 0, "exit status 2")]
    [InlineData(3, null, "System", 0, "unknown Custom executor executable exit code 3")]
    [InlineData(143, null, "System", 0, "unknown Custom executor executable exit code 143")]
    public void Call_Ended_IsJudgedByCodeAndFile(int exitCode, string? file, string fault, int expectedCode, string message)
    {
        var verdict = CallVerdict.Of(Call(exitCode, null, file), new RunnerOptions { Executable = "x" });

        Assert.Equal((fault, expectedCode), (verdict.Fault.ToString(), verdict.ExitCode));
        Assert.StartsWith(message, verdict.Message);
    }

    [Fact]
    public void Call_EndedByASignal_IsASystemFailure() =>
        Assert.Equal(CallFault.System, CallVerdict.Of(Call(-1, 15, "42"), new RunnerOptions { Executable = "x" }).Fault);

    [Fact]
    public void ExitCodeFile_WithARunnerBefore179_IsNotRead() =>
        Assert.Equal(1, CallVerdict.Of(Call(1, null, "42"), new RunnerOptions { Executable = "x", HasExitCodeFile = false }).ExitCode);

    private static CallRecord Call(int exitCode, int? signal, string? file)
    {
        var nothing = new CallOutput(0, "", default);
        return new CallRecord("run", "build_script", exitCode, signal, file, TimeSpan.Zero, nothing, nothing, CallStop.None);
    }
}
