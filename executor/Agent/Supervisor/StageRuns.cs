using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>The container's current run. There is one at a time: gitlab-runner sends stages one after the other.</summary>
internal sealed class StageRuns(SupervisorOptions options, StartProcess start, Cgroup cgroup, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan IdentityPatience = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _turn = new(1, 1);
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
            RequireCapabilities(identity);
            var run = StageRun.Start(options, open, script, identity, start, time, cgroup);
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

    // Found out here, it is the operator's setting; found out by the script's process, it would be a script that failed.
    private static void RequireCapabilities(Identity identity)
    {
        if (identity != Identity.OfThisProcess && Capabilities.MissingHere() is { Count: > 0 } missing)
        {
            throw new StartRefusedException(
                Refused.Types.Reason.StartFailed,
                $"scripts run as user {identity.Uid}, the user of the job's image, and this container's agent lacks the capabilities "
                + $"{string.Join(", ", missing)} for that: remove them from cap_drop, or set run_as_user for the whole pod");
        }
    }

    private async Task EndCurrentAsync()
    {
        if (_current is not { } previous)
        {
            return;
        }

        try
        {
            if (!previous.Ended.IsCompleted)
            {
                await previous.StopAsync();
            }
        }
#pragma warning disable CA1031 // A stage that cannot be stopped does not keep the next one from starting.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"pod-agent: the previous stage could not be stopped: {e.Message}");
        }

        previous.Dispose();
        _current = null;
    }
}
