using System.Collections;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>
/// An executor in bash that records each call and runs the scripts on this machine, like gitlab-runner's test_executor. A test gives
/// it other manners by a snippet per call or stage, which runs before it would do its work.
/// </summary>
internal sealed class FakeExecutor : IDisposable
{
    private const string Script = """
        #!/bin/bash
        home="$(dirname "$0")"
        if [ "$1" = --config ]; then shift 2; fi
        call="$1" stage="${3:-$1}" own="/$CUSTOM_ENV_CI_CONCURRENT_ID"
        echo "$stage" >> "$home/calls"
        env -0 | sort -z > "$home/env.$stage"
        rm -f "$BUILD_EXIT_CODE_FILE"
        if [ -f "$home/on.$stage" ]; then . "$home/on.$stage"; fi
        case "$call" in
        config) printf '{"driver":{"name":"fake","version":"1"},"builds_dir":"%s/builds","cache_dir":"%s/cache","job_env":{"FAKE_JOB_ENV":"yes"}}' "$home${own#/0}" "$home" ;;
        run)
            export PATH="$home/bin:$PATH" HOME="$home"
            bash "$2"
            code=$?
            if [ $code -ne 0 ]; then echo $code > "$BUILD_EXIT_CODE_FILE"; exit "$BUILD_FAILURE_EXIT_CODE"; fi ;;
        esac
        exit 0
        """;

    // Archives are tar here: what matters is that bytes and tokens go there and back.
    private const string Helper = """
        #!/bin/bash
        set -e
        case "$1" in
        artifacts-uploader)
            shift; paths=(); type=archive; format=zip
            while [ $# -gt 0 ]; do
                case "$1" in
                --url) url=$2; shift 2 ;; --token) token=$2; shift 2 ;; --id) id=$2; shift 2 ;; --path) paths+=("$2"); shift 2 ;;
                --artifact-type) type=$2; shift 2 ;; --artifact-format) format=$2; shift 2 ;; --untracked) shift ;; *) shift 2 ;;
                esac
            done
            if [ "$format" = gzip ]; then cat "${paths[@]}" | gzip > ../upload.tmp; else tar cf ../upload.tmp "${paths[@]}"; fi
            curl -sS -f -X POST -H "JOB-TOKEN: $token" -H "Transfer-Encoding: chunked" -F "file=@../upload.tmp;filename=artifacts.zip" "$url/api/v4/jobs/$id/artifacts?artifact_format=$format&artifact_type=$type" ;;
        artifacts-downloader)
            curl -sS -f -H "JOB-TOKEN: $5" "$3/api/v4/jobs/$7/artifacts?direct_download=true" | tar xf - ;;
        esac
        """;

    public FakeExecutor()
    {
        Write("executor", Script, executable: true);
        Directory.CreateDirectory(Path.Combine(Home, "bin"));
        Directory.CreateDirectory(Path.Combine(Home, "tmp"));
        Write("bin/gitlab-runner", Helper, executable: true);
    }

    public string Home { get; } = Directory.CreateTempSubdirectory("fake-executor-").FullName;

    public string Program => Path.Combine(Home, "executor");

    public RunnerOptions Options => new()
    {
        Executable = Program,
        TemporaryDirectory = Path.Combine(Home, "tmp"),
        PreparationPause = TimeSpan.Zero,
        StagePause = TimeSpan.Zero,
    };

    public IReadOnlyList<string> Calls => File.Exists(Path.Combine(Home, "calls")) ? File.ReadAllLines(Path.Combine(Home, "calls")) : [];

    public static JobPayload Job(params string[] script) => new()
    {
        Id = 42,
        Token = "glcbt-64_test",
        JobInfo = new PayloadJobInfo { Name = "test", Stage = "test", ProjectFullPath = "group/demo", ProjectName = "demo" },
        GitInfo = new PayloadGitInfo { RepoUrl = "http://gitlab-ci-token:glcbt-64_test@127.0.0.1/group/demo.git", Ref = "main", Sha = new string('a', 40) },
        Variables = [Variable("GIT_STRATEGY", "none")],
        Steps = [new PayloadStep { Name = "script", Script = script }],
    };

    public static JobVariable Variable(string key, string value) => new() { Key = key, Value = value, Public = true };

    /// <summary>Bash for this call or stage; "exit" in it ends the call.</summary>
    public void On(string stage, string snippet) => Write("on." + stage, snippet, executable: false);

    public IReadOnlyDictionary<string, string> EnvironmentOf(string stage) => File.ReadAllText(Path.Combine(Home, "env." + stage))
        .Split('\0', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split('=', 2))
        .ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);

    public Dictionary<string, string> ProcessEnvironment => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(e => (string)e.Key, e => (string)e.Value!, StringComparer.Ordinal);

    public void Dispose() => Directory.Delete(Home, recursive: true);

    private void Write(string name, string text, bool executable)
    {
        var path = Path.Combine(Home, name);
        File.WriteAllText(path, text + "\n");
        if (executable)
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
