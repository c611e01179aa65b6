using PodExecutor.Driver.Operations.Doctor;
using PodExecutor.Driver.Operations.Doctor.Checks;
using PodExecutor.Driver.Operations.Runner;
using PodExecutor.Driver.Options;

namespace PodExecutor.Tests.Unit.Operations;

/// <summary>gitlab-runner's config.toml: one that is right, and each way to get it wrong.</summary>
public class RunnerRulesTests
{
    private const string Right = """
        concurrent = 4
        [[runners]]
          name = "one"
          token = "glrt-a-secret-token"
          executor = "custom"
          request_concurrency = 2
          [runners.custom_build_dir]
            enabled = true
          [runners.custom]
            config_exec = "pod-executor"
            config_args = ["--config", "/etc/pod-executor/config.toml", "config"]
            prepare_exec = "pod-executor"
            prepare_args = ["--config", "/etc/pod-executor/config.toml", "prepare"]
            run_exec = "pod-executor"
            run_args = ["--config", "/etc/pod-executor/config.toml", "run"]
            cleanup_exec = "pod-executor"
            cleanup_args = ["--config", "/etc/pod-executor/config.toml", "cleanup"]
            graceful_kill_timeout = 60
        """;

    [Fact]
    public void Config_ThatIsRight_HasNoFinding() => Assert.Empty(Findings(Right));

    [Theory]
    [InlineData("graceful_kill_timeout = 60", "", "Warning", "graceful_kill_timeout is 600 s", "below 300")]
    [InlineData("graceful_kill_timeout = 60", "graceful_kill_timeout = 20", "Warning", "graceful_kill_timeout is 20 s", "25 or more")]
    [InlineData("graceful_kill_timeout = 60", "graceful_kill_timeout = 60\n    prepare_exec_timeout = 100", "Warning", "prepare_exec_timeout is 100 s", "poll_timeout")]
    [InlineData("graceful_kill_timeout = 60", "graceful_kill_timeout = 60\n    run_exec_timeout = 60", "Warning", "line 19: runners.custom.run_exec_timeout is not a key", "Remove it")]
    [InlineData("enabled = true", "enabled = false", "Warning", "custom_build_dir", "enabled = true")]
    [InlineData("executor = \"custom\"", "executor = \"kubernetes\"", "Warning", "still uses the built-in", "migrate")]
    [InlineData("executor = \"custom\"", "executor = \"custom\"\n  shell = \"pwsh\"", "Error", "shell is \"pwsh\"", "bash")]
    [InlineData("executor = \"custom\"", "executor = \"custom\"\n  builds_dir = \"/mnt\"", "Note", "builds_dir = \"/mnt\" is not used", "Remove")]
    [InlineData("cleanup_exec = \"pod-executor\"", "", "Error", "cleanup_exec is not set", "migrate")]
    [InlineData("cleanup_exec = \"pod-executor\"", "cleanup_exec = \"/nowhere/pod-executor\"", "Warning", "/nowhere/pod-executor is not on this machine", "Install")]
    [InlineData("config.toml\", \"run\"]", "config.toml\"]", "Error", "run_args does not end in \"run\"", "\"run\"]")]
    [InlineData("config.toml\", \"run\"]", "other.toml\", \"run\"]", "Error", "different options files", "same --config")]
    [InlineData("concurrent = 4", "concurrent = 0", "Warning", "concurrent = 0 is less than", "at least 1")]
    [InlineData("request_concurrency = 2", "", "Note", "request_concurrency is 1", "2 or more")]
    public void Config_WithOneThingWrong_IsToldThatThing(string right, string wrong, string severity, string what, string remedy)
    {
        Assert.Contains(right, Right);

        var finding = Assert.Single(Findings(Right.Replace(right, wrong, StringComparison.Ordinal)));

        Assert.Equal(severity, finding.Severity.ToString());
        Assert.Contains(what, finding.What);
        Assert.Contains(remedy, finding.Remedy);
    }

    [Fact]
    public void Config_WithAnotherOptionsFile_IsNoted()
    {
        var text = Right.Replace("/etc/pod-executor/config.toml", "/srv/ours.toml", StringComparison.Ordinal);

        Assert.Contains("/srv/ours.toml", Assert.Single(Findings(text)).What);
    }

    [Fact]
    public void Config_ThatIsNoToml_IsToldByLineAndWithoutItsText()
    {
        var e = Assert.Throws<PodExecutor.Driver.Failures.FailureException>(
            () => RunnerConfigFile.Parse("concurrent = 1\n[[runners]]\ntoken = \"glrt-secret\nexecutor = \"custom\"\n", "config.toml"));

        Assert.Contains("config.toml:3", e.Message);
        Assert.DoesNotContain("glrt-secret", e.Message);
    }

    [Fact]
    public void Config_WithoutRunners_IsAnError() =>
        Assert.Equal(Severity.Error, RunnerRules.Global(RunnerConfigFile.Parse("concurrent = 1\n", "config.toml")).First().Severity);

    private static List<Finding> Findings(string text)
    {
        var file = RunnerConfigFile.Parse(text, "config.toml");
        var options = OptionsFile.Parse("[kubernetes]\nhelper_image = \"h\"\n", "options.toml").Options.Kubernetes;
        var findings = RunnerRules.Global(file).Concat(file.Runners.SelectMany(r => RunnerRules.Of(r, options, "/etc/pod-executor/config.toml"))).ToList();
        Assert.All(findings, f => Assert.DoesNotContain("glrt-", f.ToString()));
        return findings;
    }
}
