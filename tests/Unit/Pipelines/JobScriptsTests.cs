using System.Diagnostics;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Driver.Pipelines.Scripts;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>The scripts against lines recorded from gitlab-runner 19.3 (facts/samples), and by real shells.</summary>
public class JobScriptsTests
{
    private static readonly RunnerPaths Paths = new("/builds", "/cache", "/builds/group/demo");

    [Fact]
    public void PrepareScript_Generated_IsTheRecordedOne() => Assert.Equal(
        """
        #!/usr/bin/env bash

        trap 'exit 1' TERM

        case "$(set -o)" in *"pipefail"*) set -o pipefail;; esac; set -o errexit
        set +o noclobber
        (trap 'exit 1' TERM; eval $'echo "Running on $(hostname) via h3host..."\nrm "-f" "/builds/group/demo.tmp/gitlab_runner_env"\nrm "-f" "/builds/group/demo.tmp/masking.db"\n') < /dev/null
        exit 0

        """,
        Generate("prepare_script", FakeExecutor.Job("true")));

    [Fact]
    public void BuildScript_Generated_HasTheRecordedLines()
    {
        var script = Generate("build_script", FakeExecutor.Job("ls -laR deps", "cmp deps/stamp out/stamp && echo SAME", "for i in 1; do\n  :\ndone"))!;

        Assert.Contains(@"\nexport GITLAB_ENV=/builds/group/demo.tmp/gitlab_runner_env\nmkdir -p ""/builds/group/demo.tmp""\ntouch ""/builds/group/demo.tmp/gitlab_runner_env""\nwhile read -r line; do export ""$line""; done < ""/builds/group/demo.tmp/gitlab_runner_env""\ncd /builds/group/demo\n", script);
        Assert.Contains(@"\necho $\'\\x1b[32;1m$ ls -laR deps\\x1b[0;m\'\nls -laR deps\n", script);
        Assert.Contains(@"\necho $\'\\x1b[32;1m$ for i in 1; do # collapsed multi-line command\\x1b[0;m\'\nfor i in 1; do\n  :\ndone\n", script);
        Assert.Contains(@"\nexport CI_JOB_STATUS=running\n", script);
        Assert.Contains(@"\nexport FF_TIMESTAMPS=true\n", script);
    }

    [Fact]
    public void GetSources_Generated_HasTheRecordedLines()
    {
        var job = FakeExecutor.Job("true") with
        {
            Variables = [FakeExecutor.Variable("CI_SERVER_URL", "http://127.0.0.1:8929")],
            GitInfo = new PayloadGitInfo
            {
                RepoUrl = "http://gitlab-ci-token:T@127.0.0.1:8929/group/demo.git",
                Ref = "main",
                Sha = "5e6bf78fdc46145e8d5100efe4f94a2833bc3edd",
                Refspecs = ["+refs/heads/main:refs/remotes/origin/main"],
            },
        };
        var lines = Decoded(Generate("get_sources", job)!);

        // From facts/samples/produce.get_sources.decoded.
        foreach (var line in new[]
        {
            "export GIT_TERMINAL_PROMPT=0", "rm \"-f\" \"/builds/group/demo/.git/index.lock\"", "mkdir -p /builds/group/demo.tmp/git-template",
            "git config -f /builds/group/demo.tmp/git-template/config init.defaultBranch none",
            "echo $'\\x1b[32;1mFetching changes with git depth set to 20...\\x1b[0;m'", "git init /builds/group/demo --template /builds/group/demo.tmp/git-template",
            "if git remote add origin $'http://127.0.0.1:8929/group/demo.git' >/dev/null 2>&1 ; then", "  echo $'\\x1b[32;1mCreated fresh repository.\\x1b[0;m'",
            "  git \"config\" \"--file\" \".git/config\" \"--replace-all\" \"include.path\" \"$GLR_EXT_GIT_CONFIG_PATH\" \"\\.gitlab-runner\\.ext\\.conf$\"",
            "git -c $'http.userAgent=gitlab-runner 19.3.0 linux/amd64' fetch origin --no-recurse-submodules $'+refs/heads/main:refs/remotes/origin/main' --depth 20 --prune --quiet",
            "echo $'\\x1b[32;1mChecking out 5e6bf78f as detached HEAD (ref is main)...\\x1b[0;m'", "git -c $'submodule.recurse=false' checkout -f -q 5e6bf78fdc46145e8d5100efe4f94a2833bc3edd",
            "git clean -ffdx", "if git lfs version >/dev/null 2>&1 ; then", "  git lfs pull", "echo $'\\x1b[32;1mSkipping Git submodules setup\\x1b[0;m'",
            "echo $'url=http://127.0.0.1:8929\\nusername=gitlab-ci-token' | git credential reject || true",
        })
        {
            Assert.Contains(line, lines);
        }
    }

    [Theory]
    [InlineData("none", "Skipping Git repository setup", "git init")]
    [InlineData("empty", "creating an empty build directory", "git init")]
    [InlineData("clone", "Cloning repository with git depth", "Fetching changes")]
    [InlineData("odd", "Unknown GIT_STRATEGY \"odd\"", "git init")]
    public void GetSources_ByStrategy_DoesThat(string strategy, string expected, string unexpected)
    {
        var script = Generate("get_sources", FakeExecutor.Job("true") with { Variables = [FakeExecutor.Variable("GIT_STRATEGY", strategy)] });

        Assert.Contains(expected, script);
        Assert.DoesNotContain(unexpected, script);
    }

    [Fact]
    public void GetSources_WithGitVariables_PassesThemOn()
    {
        var script = Generate("get_sources", FakeExecutor.Job("true") with
        {
            Variables =
            [
                FakeExecutor.Variable("GIT_DEPTH", "3"), FakeExecutor.Variable("GIT_CLEAN_FLAGS", "-ffd -e keep"), FakeExecutor.Variable("GIT_SUBMODULE_STRATEGY", "recursive"),
                FakeExecutor.Variable("GIT_SUBMODULE_DEPTH", "1"), FakeExecutor.Variable("GIT_FETCH_EXTRA_FLAGS", "--tags"),
            ],
        });

        Assert.Contains("--depth 3 --tags", script);
        Assert.Contains("git clean -ffd -e keep", script);
        Assert.Contains("git submodule update --init --recursive --depth 1", script);
    }

    [Fact]
    public void UploadArtifacts_Generated_HasTheRecordedFlags()
    {
        var job = FakeExecutor.Job("true") with
        {
            Id = 9001,
            Variables = [FakeExecutor.Variable("CI_SERVER_URL", "http://127.0.0.1:8929")],
            Artifacts =
            [
                new PayloadArtifact { Name = "out-$CI_JOB_NAME", Paths = ["out/"], ExpireIn = "1 week" },
                new PayloadArtifact { Name = "junit.xml", Paths = ["junit.xml"], When = "always", ArtifactType = "junit", ArtifactFormat = "gzip" },
            ],
        };
        var lines = Decoded(Generate("upload_artifacts_on_success", job)!);

        // From facts/samples/produce.upload_artifacts_on_success.decoded.
        Assert.Contains("  gitlab-runner artifacts-uploader --url $'http://127.0.0.1:8929' --token glcbt-64_test --id 9001 --timeout 1h0m0s --response-header-timeout 10m0s --path out/ --name $'out-$CI_JOB_NAME' --expire-in $'1 week' --artifact-format zip --artifact-type archive", lines);
        Assert.Contains("  gitlab-runner artifacts-uploader --url $'http://127.0.0.1:8929' --token glcbt-64_test --id 9001 --timeout 1h0m0s --response-header-timeout 10m0s --path junit.xml --name junit.xml --artifact-format gzip --artifact-type junit", lines);
    }

    [Theory]
    [InlineData("restore_cache")]
    [InlineData("archive_cache")]
    [InlineData("archive_cache_on_failure")]
    [InlineData("download_artifacts")]
    [InlineData("upload_artifacts_on_success")]
    [InlineData("upload_artifacts_on_failure")]
    [InlineData("after_script")]
    public void Stage_WithNothingToDo_IsNotSent(string stage) => Assert.Null(Generate(stage, FakeExecutor.Job("true")));

    [Fact]
    public void RestoreCache_WithFallbackKeys_NestsThem()
    {
        var job = FakeExecutor.Job("true") with { Cache = [new PayloadCache { Key = "a-$X", Paths = ["p"], FallbackKeys = ["b"] }], Variables = [FakeExecutor.Variable("X", "1")] };
        var lines = Decoded(Generate("restore_cache", job)!);

        Assert.Contains("  if gitlab-runner cache-extractor --file ../../../cache/group/demo/a-1/cache.zip --timeout 10 ; then", lines);
        Assert.Contains("    if gitlab-runner cache-extractor --file ../../../cache/group/demo/b/cache.zip --timeout 10 ; then", lines);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("busybox")]
    public async Task Script_WithAwkwardText_RunsInARealShell(string shell)
    {
        var directory = Directory.CreateTempSubdirectory("script-").FullName;
        var job = FakeExecutor.Job("echo \"it's $GREETING\" \\", "cat <<'EOF'\n $literal `text` \\\nEOF", "false || echo kept; exit 7") with
        { Variables = [FakeExecutor.Variable("GREETING", "\"quoted\" & 'quoted'\nsecond ☕")] };
        var paths = new RunnerPaths(directory, directory, directory);
        var script = JobScripts.Generate("build_script", new ScriptRequest(job, new JobVariables(RunnerVariables.All(job, Options, paths, "running")), paths, "bash", null))!;
        var file = Path.Combine(directory, "script");
        await File.WriteAllTextAsync(file, script, TestContext.Current.CancellationToken);

        string[] arguments = shell == "busybox" ? ["sh", file] : [file];
        using var process = Process.Start(new ProcessStartInfo(shell, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Directory.Delete(directory, recursive: true);
        Directory.Delete(directory + ".tmp", recursive: true);

        Assert.Equal(7, process.ExitCode);
        Assert.Contains("it's \"quoted\" & 'quoted'\nsecond ☕", output);
        Assert.Contains("\n $literal `text` \\\n", output);
        Assert.Contains("kept\n", output);
    }

    private static RunnerOptions Options => new() { Executable = "x" };

    private static string? Generate(string stage, JobPayload job) => JobScripts.Generate(
        stage, new ScriptRequest(job, new JobVariables(RunnerVariables.All(job, Options, Paths, "running")), Paths, "bash", "h3host"));

    /// <summary>Undoes the outer quoting.</summary>
    private static string[] Decoded(string script)
    {
        var start = script.IndexOf("eval $'", StringComparison.Ordinal) + "eval $'".Length;
        var body = script[start..script.LastIndexOf("') < /dev/null", StringComparison.Ordinal)];
        return body.Replace("\\\\", "\0").Replace("\\n", "\n").Replace("\\'", "'").Replace("\0", "\\").Split('\n');
    }
}
