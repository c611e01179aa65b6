using PodExecutor.Driver.Pipelines;
using PodExecutor.Driver.Pipelines.Files;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>A whole try, from the file to the table, with an executor that runs the scripts here.</summary>
public sealed class PipelineRunTests : IDisposable
{
    private readonly FakeExecutor _fake = new();
    private readonly WatchedLog _log = new();
    private readonly string _project = Directory.CreateTempSubdirectory("demo-").FullName;

    public void Dispose()
    {
        _fake.Dispose();
        Directory.Delete(_project, recursive: true);
    }

    [Fact]
    public async Task Pipeline_WithArtifactsBetweenJobs_PassesThemOn()
    {
        var passed = await TryAsync("""
            stages: [build, test]
            make:
              stage: build
              script:
                - mkdir out && echo made > out/file && echo VERSION=1.2 > v.env
              artifacts: {paths: [out/], reports: {dotenv: v.env}}
            idle: {stage: build, script: ["test -f source.txt"]}
            check: {stage: test, script: ["cat out/file", "echo version=$VERSION", "test $CI_JOB_NAME = check"]}
            alone: {stage: test, dependencies: [], script: ["test ! -e out"]}
            """);

        Assert.True(passed, _log.Text);
        Assert.Contains("\nmade\n", _log.Text);
        Assert.Contains("Downloading artifacts for make (", _log.Text);
        Assert.Matches(@"check +\| +test +\| .* passed", _log.Text);
    }

    [Fact]
    public async Task Job_Failing_BlocksLaterStagesButNotFailureJobs()
    {
        var passed = await TryAsync("""
            stages: [a, b]
            good: {stage: a, script: ["true"]}
            bad: {stage: a, script: [exit 3]}
            tolerated: {stage: a, script: [exit 4], allow_failure: {exit_codes: 4}}
            next: {stage: b, script: ["echo NEXT"]}
            rescue: {stage: b, when: on_failure, script: ["echo RESCUE-RAN"]}
            always: {stage: b, when: always, script: ["echo ALWAYS-RAN"]}
            independent: {stage: b, needs: [good], script: ["echo INDEPENDENT-RAN"]}
            """);

        Assert.False(passed);
        Assert.Contains("ERROR: Job failed: exit status 3", _log.Text);
        Assert.Contains("next: not run: bad did not pass", _log.Text);
        Assert.Contains("\nRESCUE-RAN\n", _log.Text);
        Assert.Contains("\nALWAYS-RAN\n", _log.Text);
        Assert.Contains("\nINDEPENDENT-RAN\n", _log.Text);
        Assert.Contains("failed, allowed to", _log.Text);
    }

    [Fact]
    public async Task Job_ToleratedForOtherCodesOnly_Fails() =>
        Assert.False(await TryAsync("a: {script: [exit 5], allow_failure: {exit_codes: [4]}}"));

    [Fact]
    public async Task Job_WithRetry_IsTriedAgain()
    {
        var passed = await TryAsync("""
            a: {retry: 2, script: ["test -e $COUNT || { touch $COUNT; exit 1; }"], variables: {COUNT: "/tmp/x"}}
            """.Replace("/tmp/x", _fake.Home + "/count"));

        Assert.True(passed);
        Assert.Contains("job a (stage test), try 2", _log.Text);
        Assert.Contains("passed at try 2", _log.Text);
    }

    [Fact]
    public async Task ManualJob_NotNamed_IsSkippedAndSaidSo()
    {
        const string Pipeline = "a: {script: ['echo A-RAN'], when: manual}\nb: {stage: deploy, script: ['true']}";

        Assert.True(await TryAsync(Pipeline));
        Assert.Contains("a: not run: it is manual: name it to run it (try … a)", _log.Text);
        Assert.DoesNotContain("\nA-RAN\n", _log.Text);
        Assert.True(await TryAsync(Pipeline, r => r with { Jobs = ["a"] }));
        Assert.Contains("\nA-RAN\n", _log.Text);
    }

    [Fact]
    public async Task Rules_OfJobs_DecideWhatRuns()
    {
        var passed = await TryAsync("""
            variables: {MODE: fast}
            never: {script: [exit 1], rules: [{if: $MODE == "slow"}]}
            yes: {script: ["echo extra=$EXTRA"], rules: [{if: $MODE == "fast" && $CI_COMMIT_BRANCH, variables: {EXTRA: more}}, {when: never}]}
            """);

        Assert.True(passed);
        Assert.Contains("never: not part of this pipeline by its rules", _log.Text);
        Assert.Contains("\nextra=more\n", _log.Text);
    }

    [Fact]
    public async Task Rules_WithAPatternFromAVariableThatIsNone_AreRefusedWithTheirLine()
    {
        var refused = await Assert.ThrowsAsync<PipelineFileException>(() => TryAsync("a:\n  script: ['true']\n  rules: [{if: $CI_COMMIT_BRANCH =~ $P}]\n  variables: {P: '/[/'}"));

        Assert.Contains(".gitlab-ci.yml:3: error: rules: if: /[/ is not a regular expression", refused.Message);
    }

    [Fact]
    public async Task Variables_OfTheCommandLine_AreTheStrongest()
    {
        Assert.True(await TryAsync(
            "variables: {A: file}\na: {variables: {A: job}, script: ['test $A = given']}",
            r => r with { Variables = [FakeExecutor.Variable("A", "given")] }));
    }

    [Fact]
    public async Task NamedJob_WithoutWhatItNeeds_RunsAndSaysSo()
    {
        Assert.True(await TryAsync("a: {script: ['true']}\nb: {script: ['true'], needs: [a]}", r => r with { Jobs = ["b"] }));
        Assert.Contains("b: needs a, which is not run", _log.Text);
    }

    [Fact]
    public async Task Jobs_SeveralAtOnce_HaveTheirNamesBeforeTheirLines()
    {
        var passed = await TryAsync(
            "a: {script: ['echo from-a id=$CI_CONCURRENT_ID']}\nb: {script: ['echo from-b id=$CI_CONCURRENT_ID']}", r => r with { Concurrent = 2 });

        Assert.True(passed);
        Assert.Matches("(?m)^\\[a\\] from-a id=[01]$", _log.Text);
        Assert.Matches("(?m)^\\[b\\] from-b id=[01]$", _log.Text);
    }

    [Fact]
    public async Task Stop_Graceful_RunsAfterScriptAndCleanupAndNothingElse()
    {
        using var graceful = new CancellationTokenSource();
        var running = TryAsync(
            "a: {script: ['echo ready', 'sleep 60'], after_script: ['echo AFTER $CI_JOB_STATUS']}\nb: {stage: deploy, script: ['true']}",
            stop: new JobStop(graceful.Token, CancellationToken.None));
        await _log.Saw("\nready\n");
        await graceful.CancelAsync();

        Assert.False(await running);
        Assert.Contains("\nAFTER canceled\n", _log.Text);
        Assert.Contains("b: not run: the pipeline was stopped", _log.Text);
        Assert.Equal("cleanup", _fake.Calls[^1]);
    }

    [Fact]
    public async Task Log_WithoutATerminal_HasNoEscapes()
    {
        await TryAsync("a: {script: [\"printf '\\\\033[31mred\\\\033[0m\\\\n'\"]}");

        Assert.Contains("\nred\n", _log.Text);
        Assert.DoesNotContain('\e', _log.Text);
        Assert.DoesNotContain("glcbt-", _log.Text);
    }

    [Fact]
    public async Task Junit_AskedFor_HasACasePerJob()
    {
        var file = Path.Combine(_fake.Home, "junit.xml");
        await TryAsync("a: {script: ['true']}\nb: {script: [exit 1]}", r => r with { JunitFile = file });

        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Contains("tests=\"2\" failures=\"1\"", text);
        Assert.Contains("message=\"Job failed: exit status 1\"", text);
    }

    private async Task<bool> TryAsync(string pipeline, Func<TryRequest, TryRequest>? change = null, JobStop? stop = null)
    {
        var file = Path.Combine(_project, ".gitlab-ci.yml");
        await File.WriteAllTextAsync(file, pipeline, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_project, "source.txt"), "source", TestContext.Current.CancellationToken);
        var request = new TryRequest { Pipeline = file, ProjectDirectory = _project, GitLabAddress = "127.0.0.1", Executable = _fake.Program };
        return await new TrySession(change?.Invoke(request) ?? request, _log, TimeProvider.System).RunAsync(stop ?? JobStop.Never);
    }
}
