using System.Text;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Contract.Fakes;

/// <summary>The published driver with a job, an options file and a fake cluster; a directory of its own that goes with it.</summary>
internal sealed class ContractJob : IDisposable
{
    public const int BuildFailure = 101;
    public const int SystemFailure = 102;

    private readonly StringBuilder _log = new();

    public ContractJob(FakeCluster cluster, string options = "")
    {
        Kubeconfig = Path.Combine(Folder, "kubeconfig");
        File.WriteAllText(Kubeconfig, cluster.Kubeconfig);
        WriteOptions($"""
            [kubernetes]
            kubeconfig = "{Kubeconfig}"
            namespace = "ci"
            helper_image = "helper:1"
            retry_budget = "2s"
            {options}
            """);
        string[] Call(string verb) => ["--config", OptionsFile, verb];
        Runner = new RunnerOptions
        {
            Executable = Published.Driver,
            ConfigArguments = Call("config"),
            PrepareArguments = Call("prepare"),
            RunArguments = Call("run"),
            CleanupArguments = Call("cleanup"),
            TemporaryDirectory = Folder,
            BuildFailureExitCode = BuildFailure,
            SystemFailureExitCode = SystemFailure,
        };
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("contract-").FullName;

    public string Kubeconfig { get; }

    public string OptionsFile => Path.Combine(Folder, "options.toml");

    public RunnerOptions Runner { get; set; }

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public int LogLength
    {
        get
        {
            lock (_log)
            {
                return _log.Length;
            }
        }
    }

    public JobPayload Payload { get; set; } = new()
    {
        Id = 42,
        Token = "glcbt-64_the-jobs-token",
        JobInfo = new PayloadJobInfo { Name = "test", Stage = "test", ProjectId = 7, ProjectName = "demo", ProjectFullPath = "group/demo" },
        GitInfo = new PayloadGitInfo { RepoUrl = "http://gitlab-ci-token:glcbt-64_the-jobs-token@gitlab.test/group/demo.git", Ref = "main", Sha = new string('a', 40) },
        Variables = [new JobVariable { Key = "PASSWORD", Value = "a-masked-secret", Masked = true }],
        Image = new PayloadImage { Name = "debian:12" },
        Steps = [new PayloadStep { Name = "script", Script = ["true"] }],
    };

    public void WriteOptions(string text) => File.WriteAllText(OptionsFile, text);

    /// <summary>Gets every piece of the log, one at a time.</summary>
    public Action<ReadOnlyMemory<byte>>? OnLog { get; set; }

    public RunnerSession Session() => new(Runner, Payload, chunk =>
    {
        lock (_log)
        {
            _log.Append(Encoding.UTF8.GetString(chunk.Span));
            OnLog?.Invoke(chunk);
        }

        return ValueTask.CompletedTask;
    }, TimeProvider.System);

    /// <summary>A session whose pod is there.</summary>
    public async Task<RunnerSession> PreparedAsync()
    {
        var session = Session();
        var (config, problem) = await session.ConfigAsync(TestContext.Current.CancellationToken);
        Assert.True(config.ExitCode == 0 && problem is null, Log + problem);
        var prepare = await session.PrepareAsync(TestContext.Current.CancellationToken);
        Assert.True(prepare.ExitCode == 0, Log);
        return session;
    }

    public Task SawAsync(string text) => Until.TrueAsync(() => Log.Contains(text, StringComparison.Ordinal), $"\"{text}\" in the log");

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
