using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>The container's current run. There is one at a time: gitlab-runner sends stages one after the other.</summary>
internal sealed class StageRuns(SupervisorOptions options, Reaper reaper, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan IdentityPatience = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Cgroup _cgroup = new();
    private volatile StageRun? _current;

    /// <summary>The run of that id, running or ended; null if it was never started or a newer one has taken its place.</summary>
    public StageRun? Find(string runId) => _current is { } run && run.RunId == runId ? run : null;

    /// <summary>
    /// Starts the run, once: a second call with the same id gets the first one's run. A run before it that still goes on
    /// has lost its driver (the runner starts no two stages at once): it is stopped first.
    /// </summary>
    /// <exception cref="StartRefusedException">The script cannot be started.</exception>
    public async Task<StageRun> StartAsync(Open open, byte[] script, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            if (Find(open.RunId) is { } known)
            {
                return known;
            }

            await EndCurrentAsync();
            var identity = await Identity.ResolveAsync(options.RunAsOwnerOf, time, IdentityPatience, cancel);
            var run = StageRun.Start(options, open, script, identity, reaper, time, _cgroup);
            _current = run;
            return run;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>For the end of the container: no process of a script outlives this.</summary>
    public async Task StopAsync()
    {
        if (_current is { } run)
        {
            await run.StopAsync();
        }
    }

    public void Dispose()
    {
        _current?.Dispose();
        _turn.Dispose();
    }

    private async Task EndCurrentAsync()
    {
        if (_current is not { } previous)
        {
            return;
        }

        if (!previous.Ended.IsCompleted)
        {
            await previous.StopAsync();
        }

        previous.Dispose();
        _current = null;
    }
}
