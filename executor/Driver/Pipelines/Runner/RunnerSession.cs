using System.Text;
using System.Text.Json;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>
/// One executor object of gitlab-runner: a try of a job with its own TMPDIR. Its four calls may be made in any order, so that
/// tests can also do what a runner does only on a bad day; <see cref="RunnerDouble"/> makes them in the right one.
/// </summary>
internal sealed class RunnerSession : IDisposable
{
    private readonly RunnerOptions _options;
    private readonly Func<ReadOnlyMemory<byte>, ValueTask> _log;
    private readonly ExecutorCall _call;
    private readonly List<CallRecord> _calls = [];

    /// <param name="log">The job log. Gets what the runner would show: not config's stdout, nothing of cleanup.</param>
    public RunnerSession(RunnerOptions options, JobPayload job, Func<ReadOnlyMemory<byte>, ValueTask> log, TimeProvider time)
    {
        (_options, Job, _log) = (options, job, log);
        _call = new ExecutorCall(options.GracefulKill, options.ForceKill, time) { BeforeRead = options.BeforeRead };
        Directory = NewDirectory(options.TemporaryDirectory, "custom-executor");
        WriteResponse();
    }

    public JobPayload Job { get; }

    /// <summary>TMPDIR of the calls.</summary>
    public string Directory { get; }

    public RunnerConfig Config { get; private set; } = new();

    public RunnerPaths Paths { get; private set; } = RunnerPaths.Undecided;

    /// <summary>CI_JOB_STATUS for the calls to come.</summary>
    public string Status { get; set; } = "running";

    public JobVariables Variables => new(RunnerVariables.All(Job, _options, Paths, Status));

    public IReadOnlyList<CallRecord> Calls => _calls;

    /// <summary>Runs config_exec and takes over what it prints.</summary>
    /// <returns>The call, and what is wrong with its output.</returns>
    public async Task<(CallRecord Call, string? Problem)> ConfigAsync(CancellationToken stop)
    {
        var output = new MemoryStream();
        var record = await CallAsync("config", "config", _options.ConfigArguments, null, (chunk, isError) =>
        {
            if (isError)
            {
                return _log(chunk);
            }

            output.Write(chunk.Span);
            return ValueTask.CompletedTask;
        }, stop);
        if (record.ExitCode != 0)
        {
            return (record, null);
        }

        try
        {
            Config = RunnerConfig.Parse(output.ToArray());
            Paths = RunnerPaths.Decide(_options, Config, Job, Variables);
            return (record, null);
        }
        catch (JsonException e)
        {
            return (record, $"error while parsing JSON output: {e.Message}");
        }
    }

    public Task<CallRecord> PrepareAsync(CancellationToken stop) =>
        CallAsync("prepare", "prepare", _options.PrepareArguments, Config.JobEnv, (chunk, _) => _log(chunk), stop);

    /// <summary>Writes the script to a new scriptNNN/script (0700) and gives it to run_exec.</summary>
    public Task<CallRecord> RunAsync(string stage, string script, CancellationToken stop)
    {
        var file = Path.Combine(NewDirectory(Directory, "script"), "script");
        WriteFile(file, _options.RewriteScript?.Invoke(stage, script) ?? script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return CallAsync("run", stage, [.. _options.RunArguments, file, stage], Config.JobEnv, (chunk, _) => _log(chunk), stop);
    }

    /// <summary>Has no stop: the runner never cancels it. Its output goes to the runner's own log.</summary>
    public Task<CallRecord> CleanupAsync() =>
        CallAsync("cleanup", "cleanup", _options.CleanupArguments, Config.JobEnv, (_, _) => ValueTask.CompletedTask, CancellationToken.None);

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    private async Task<CallRecord> CallAsync(
        string call,
        string stage,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? jobEnv,
        Func<ReadOnlyMemory<byte>, bool, ValueTask> sink,
        CancellationToken stop)
    {
        var environment = CallEnvironment.Build(_options, Directory, Job, Variables, jobEnv);
        var request = new CallRequest(call, stage, [_options.Executable, .. arguments], environment, Directory, sink);
        var record = await _call.RunAsync(request, Path.Combine(Directory, "build_exit_code"), stop);
        _calls.Add(record);
        return record;
    }

    private void WriteResponse()
    {
        // Names and aliases are expanded before the file is written, the rest is not (expandContainerOptions).
        var variables = Variables;
        PayloadImage Expand(PayloadImage image) =>
            image with { Name = variables.Expand(image.Name), Alias = image.Alias is null ? null : variables.Expand(image.Alias) };
        var json = (Job with { Image = Expand(Job.Image), Services = [.. Job.Services.Select(Expand)] }).ToJson();
        WriteFile(Path.Combine(Directory, "response.json"), _options.RewriteResponse?.Invoke(json) ?? json, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static string NewDirectory(string parent, string prefix)
    {
        var path = Path.Combine(parent, $"{prefix}{Random.Shared.NextInt64(1_000_000_000, 9_999_999_999)}");
        System.IO.Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private static void WriteFile(string path, string text, UnixFileMode mode)
    {
        // The mode is there from the first byte on: both files hold the job's secrets.
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode });
        file.Write(Encoding.UTF8.GetBytes(text));
    }
}
