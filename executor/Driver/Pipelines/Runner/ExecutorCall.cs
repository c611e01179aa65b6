using System.ComponentModel;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>What is to be called. The sink gets the bytes of both pipes; the flag tells stderr.</summary>
internal sealed record CallRequest(
    string Call,
    string Stage,
    IReadOnlyList<string> Command,
    IReadOnlyCollection<string> Environment,
    string Directory,
    Func<ReadOnlyMemory<byte>, bool, ValueTask> Sink);

/// <summary>
/// One call of the executor with gitlab-runner's process rules: it waits for the exit and for the end of both pipes; when
/// told to stop it sends SIGTERM to the group, SIGKILL after graceful_kill_timeout, and gives up after force_kill_timeout
/// (helpers/process/killer.go, executors/custom/command/command.go). Each pipe has a reader
/// of its own, and the two know nothing of each other: what the executor writes to both has no order (os/exec copies in two goroutines).
/// </summary>
internal sealed class ExecutorCall(TimeSpan gracefulKill, TimeSpan forceKill, TimeProvider time)
{
    /// <inheritdoc cref="RunnerOptions.BeforeRead"/>
    public Func<bool, ValueTask>? BeforeRead { get; init; }

    /// <param name="stop">Ends the call, politely at first. This method never throws for it.</param>
    public async Task<CallRecord> RunAsync(CallRequest request, string? exitCodeFile, CancellationToken stop)
    {
        var start = time.GetTimestamp();
        using var stdout = new OutputTally();
        using var stderr = new OutputTally();
        ChildProcess child;
        try
        {
            child = ChildProcess.Start(request.Command, request.Environment, request.Directory);
        }
        catch (Win32Exception e)
        {
            return new CallRecord(
                request.Call, request.Stage, -1, null, null, time.GetElapsedTime(start), stdout.Result(), stderr.Result(), CallStop.None)
            {
                StartError = $"fork/exec {request.Command[0]}: {e.Message}",
            };
        }

        using (child)
        {
            using var abandon = new CancellationTokenSource();
            Task CopyAsync(OutputTally tally, Stream pipe, bool isError) => Task.Run(
                () => tally.CopyAsync(
                    pipe, chunk => request.Sink(chunk, isError), BeforeRead is null ? null : () => BeforeRead(isError), abandon.Token),
                CancellationToken.None);
            var ended = Task.WhenAll(child.Exit, CopyAsync(stdout, child.Stdout, false), CopyAsync(stderr, child.Stderr, true));
            var how = await EndAsync(child, ended, stop);
            await AbandonAsync(abandon, ended, how);
            var (status, cpu) = child.Exit.IsCompletedSuccessfully ? await child.Exit : new ChildEnd(-1, TimeSpan.Zero);
            return new CallRecord(
                request.Call,
                request.Stage,
                status >= 0 && (status & 0x7f) == 0 ? (status >> 8) & 0xff : -1,
                status >= 0 && (status & 0x7f) != 0 ? status & 0x7f : null,
                ReadIfThere(exitCodeFile),
                time.GetElapsedTime(start),
                stdout.Result(),
                stderr.Result(),
                how)
            {
                Cpu = cpu,
            };
        }
    }

    private async Task<CallStop> EndAsync(ChildProcess child, Task ended, CancellationToken stop)
    {
        // Step 1: let it end by itself.
        if (await EndsAsync(ended, Timeout.InfiniteTimeSpan, stop))
        {
            return CallStop.None;
        }

        // Step 2: ask.
        child.SignalGroup(Libc.SigTerm);
        if (await EndsAsync(ended, gracefulKill, CancellationToken.None))
        {
            return CallStop.Terminated;
        }

        // Step 3: force.
        child.SignalGroup(Libc.SigKill);
        return await EndsAsync(ended, forceKill, CancellationToken.None) ? CallStop.Killed : CallStop.Abandoned;
    }

    private async Task<bool> EndsAsync(Task ended, TimeSpan within, CancellationToken stop)
    {
        try
        {
            await ended.WaitAsync(within, time, stop);
            return true;
        }
        catch (Exception e) when (e is TimeoutException || (e is OperationCanceledException && stop.IsCancellationRequested))
        {
            return ended.IsCompleted;
        }
    }

    private static async Task AbandonAsync(CancellationTokenSource abandon, Task ended, CallStop how)
    {
        if (how != CallStop.Abandoned)
        {
            return;
        }

        // The pipes are ours and can be let go; the process itself may live on, as it would under gitlab-runner.
        await abandon.CancelAsync();
        _ = ended.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    private static string? ReadIfThere(string? path) => path is not null && File.Exists(path) ? File.ReadAllText(path) : null;
}
