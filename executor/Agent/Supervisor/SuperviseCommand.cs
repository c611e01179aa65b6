using System.Runtime.InteropServices;
using PodExecutor.Agent.Builders;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// <c>pod-agent supervise</c>: the main process of the build and the helper container. It owns the scripts; connections of
/// drivers come and go. It knows nothing of Kubernetes.
/// </summary>
internal static class SuperviseCommand
{
    public static async Task<int> RunAsync(SupervisorOptions options, TimeProvider time)
    {
        using var ending = new CancellationTokenSource();
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => End(context, ending));
        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => End(context, ending));
        using var reaper = new Reaper();
        var cgroup = Cgroup.OfThisProcess;
        cgroup.KillSingleProcesses();
        using var runs = new StageRuns(options, reaper.Start, cgroup, time);
        await using var builders = new BuilderHost(options.ToolsDirectory, time);

        await using var server = new LinkServer(options, runs, builders, time);

        Directory.CreateDirectory(options.StateDirectory);
        Identity.Publish(options.IdentityPath);
        await server.RunAsync(ending.Token);
        await runs.StopAsync();
        return 0;
    }

    private static void End(PosixSignalContext context, CancellationTokenSource ending)
    {
        context.Cancel = true;
        ending.Cancel();
    }
}
