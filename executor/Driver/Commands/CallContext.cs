using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Output;

namespace PodExecutor.Driver.Commands;

/// <summary>What each of the four calls starts with. Each file is read when it is first asked for: run and cleanup need the job file only.</summary>
/// <param name="Log">Our lines in the job log.</param>
internal sealed record CallContext(string OptionsPath, Func<string, string?> Environment, ExitCodes ExitCodes, JobLog Log, TimeProvider Time)
{
    private readonly Lazy<(string Text, ExecutorOptions Options)> _options = new(() =>
    {
        var text = OptionsFile.ReadText(OptionsPath);
        return (text, OptionsFile.Load(text, OptionsPath));
    });

    private readonly Lazy<JobRequest> _request = new(() => JobRequest.Read(Environment));

    /// <summary>The options file as it is now. After prepare, <see cref="JobFile.ReadOptions"/> gives what counts for the job.</summary>
    /// <exception cref="FailureException">The file cannot be used.</exception>
    public ExecutorOptions Options => _options.Value.Options;

    /// <summary>What <see cref="Options"/> were read from.</summary>
    public string OptionsText => _options.Value.Text;

    /// <exception cref="FailureException">There is no job response file, or it cannot be used.</exception>
    public JobRequest Request => _request.Value;

    /// <summary>Where prepare leaves the job file; null if gitlab-runner has not made a directory for the job.</summary>
    public string? JobFilePath => Environment("TMPDIR") is { Length: > 0 } directory ? JobFileStore.PathIn(directory) : null;

    /// <summary>What prepare decided; null if it has not come so far.</summary>
    /// <exception cref="JobFileException">There is a file, and it cannot be used.</exception>
    public JobFile? LoadJob()
    {
        if (JobFilePath is not { } path || JobFileStore.Load(path) is not { } job)
        {
            return null;
        }

        // TMPDIR may be anything if the call is made by hand.
        return JobRequest.ReadPrepared(Environment) is { } pod && pod != job.Pod
            ? throw new JobFileException(path, $"it is of pod {job.Pod.Name}, this job has pod {pod.Name}")
            : job;
    }
}
