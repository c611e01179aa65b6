using PodExecutor.Driver.Commands;

namespace PodExecutor.Tests.Unit.Commands;

/// <summary>Which command lines are gitlab-runner's calls. All others go to the whole parser.</summary>
public sealed class CallLineTests
{
    [Theory]
    [InlineData("config", null, "config")]
    [InlineData("prepare", null, "prepare")]
    [InlineData("cleanup", null, "cleanup")]
    [InlineData("config", "/a b.toml", "--config", "/a b.toml", "config")]
    [InlineData("config", "/a.toml", "config", "--config", "/a.toml")]
    [InlineData("config", "/a=b.toml", "--config=/a=b.toml", "config")]
    [InlineData("run", null, "run", "/script", "build_script")]
    [InlineData("run", "/a.toml", "run", "/script", "--config", "/a.toml", "build_script")]
    [InlineData("run", "/a.toml", "run", "/script", "build_script", "--config=/a.toml")]
    [InlineData("run", "config", "--config", "config", "run", "/script", "config")]
    public void Parse_OfACall_IsThatCall(string verb, string? options, params string[] arguments)
    {
        var line = CallLine.Parse(arguments)!;

        Assert.Equal((verb, options ?? CallLine.DefaultOptionsPath), (line.Verb, line.OptionsPath));
        Assert.Equal(verb == "run" ? 2 : 0, line.Arguments.Count);
    }

    [Fact]
    public void Parse_OfARun_KeepsScriptAndStageInOrder() =>
        Assert.Equal(["/tmp/script 1", "step_a-b"], CallLine.Parse(["--config", "x", "run", "/tmp/script 1", "step_a-b"])!.Arguments);

    [Theory]
    [InlineData]
    [InlineData("--version")]
    [InlineData("--help")]
    [InlineData("config", "-h")]
    [InlineData("frobnicate")]
    [InlineData("Config")]
    [InlineData("config", "extra")]
    [InlineData("config", "")]
    [InlineData("config", "--no-such-option")]
    [InlineData("config", "--config")]
    [InlineData("config", "--config", "")]
    [InlineData("config", "--config=")]
    [InlineData("config", "--config", "--help")]
    [InlineData("config", "--config", "a", "--config", "b")]
    [InlineData("config", "--configuration", "a")]
    [InlineData("run")]
    [InlineData("run", "/script")]
    [InlineData("run", "/script", "stage", "more")]
    [InlineData("run", "--", "/script", "stage")]
    [InlineData("run", "@file", "stage")]
    [InlineData("[suggest]", "config")]
    [InlineData("gc", "--dry-run")]
    [InlineData("try", "pipeline.yml")]
    public void Parse_OfAnythingElse_IsNull(params string[] arguments) => Assert.Null(CallLine.Parse(arguments));
}
