using System.Runtime.InteropServices;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Runs;

namespace PodExecutor.Driver.Commands;

/// <summary>
/// The frame around each of the four calls: SIGTERM becomes one token, every failure one text and one exit code. The only
/// catch-all of the product. (An operator's verbs have <see cref="OperatorCall"/>.)
/// </summary>
internal static class Call
{
    /// <param name="optionsPath">Read when the call first asks for an option.</param>
    /// <param name="name">For messages: "prepare".</param>
    /// <param name="stageRuns">True for run: its failures may carry the script's own exit code.</param>
    public static async Task<int> RunAsync(string optionsPath, string name, bool stageRuns, JobLog log, Func<CallContext, CancellationToken, Task> body)
    {
        Func<string, string?> environment = Environment.GetEnvironmentVariable;
        var exitCodes = JobRequest.ReadExitCodes(environment);
        using var stop = new CancellationTokenSource();
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        try
        {
            await body(new CallContext(optionsPath, environment, exitCodes, log, TimeProvider.System), stop.Token);
            return 0;
        }
#pragma warning disable CA1031 // The only catch-all: the runner must get one of its own exit codes, whatever happened.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var failures = Failures(e, name, stop.IsCancellationRequested);
            foreach (var failure in failures.Where(f => f.Kind is FailureKind.Job or FailureKind.System))
            {
                log.Error(failure);
            }

            return exitCodes.Report(failures, stageRuns);
        }
    }

    internal static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        context.Cancel = true;
        stop.Cancel();
    }

    /// <summary>What an exception means to a person; nothing is left without an explanation.</summary>
    internal static IReadOnlyList<Failure> Failures(Exception exception, string name, bool stopped) => exception switch
    {
        FailureException failure => failure.Failures,
        OperationCanceledException when stopped => [new Failure(FailureKind.Stopped, $"{name} was stopped")],
        StdoutGoneException => [new Failure(FailureKind.Stopped, "gitlab-runner has gone")],
        JobFileException file => [file.ToFailure(name)],
        ApiException api => [api.ToFailure($"The cluster does not do what {name} needs")],
        LinkLostException link => [new Failure(
            FailureKind.System,
            "The agent in the pod cannot be reached any more",
            link.Message,
            "Look at the node and at the network between runner, API server and node.")],
        _ => [new Failure(FailureKind.System, $"{name} failed unexpectedly: {exception.GetType().Name}", exception.Message, "This is a defect of pod-executor: please report it.")],
    };
}
