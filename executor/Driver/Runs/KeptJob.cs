using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job.State;

namespace PodExecutor.Driver.Runs;

/// <summary>The job file while a stage runs: what the stage learns is kept for the calls that follow.</summary>
/// <param name="path">Where the file is.</param>
internal sealed class KeptJob(string path, JobFile job)
{
    private readonly Lock _lock = new();

    public JobFile Current { get; private set; } = job;

    /// <summary>Connections to the agents of the job's pod.</summary>
    public AgentConnections Agents(ApiClient api, TimeProvider time) =>
        new(api, Current.Pod, Current.Link, link => Update(j => j with { Link = link }), time);

    public void Update(Func<JobFile, JobFile> change)
    {
        lock (_lock)
        {
            Current = change(Current);
            try
            {
                JobFileStore.Save(path, Current);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next call finds the earlier file, and learns again what this one has learned.
            }
        }
    }
}
