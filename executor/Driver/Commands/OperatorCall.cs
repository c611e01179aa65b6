using System.Runtime.InteropServices;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Output;

namespace PodExecutor.Driver.Commands;

/// <summary>
/// The frame around a verb that a person calls (doctor, gc, migrate): a signal becomes one token, a failure one text on
/// stderr and an exit code. An exception that nobody expected is a defect and ends the process with its trace.
/// </summary>
internal static class OperatorCall
{
    /// <summary>The verb could not do its work at all; what its result was has smaller codes.</summary>
    public const int CouldNot = 3;

    public const int Stopped = 130;

    /// <param name="name">For messages: "gc".</param>
    public static async Task<int> RunAsync(string name, Func<CancellationToken, Task<int>> body)
    {
        using var stop = new CancellationTokenSource();
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Call.Stop(context, stop));
        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Call.Stop(context, stop));
        try
        {
            return await body(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Stopped;
        }
        catch (Exception e) when (e is FailureException or ApiException)
        {
            var log = new JobLog(Console.Error);
            foreach (var failure in Call.Failures(e, name, stopped: false))
            {
                log.Error(failure);
            }

            return CouldNot;
        }
    }
}
