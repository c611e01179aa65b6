using System.Globalization;
using System.Runtime.InteropServices;
using PodExecutor.Agent;
using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Images;
using PodExecutor.Agent.Install;
using PodExecutor.Agent.Native;
using PodExecutor.Agent.Relay;
using PodExecutor.Agent.Supervisor;

// The way in of pod-agent. Its callers are pod specs and exec requests that the driver writes, and, under the name
// gitlab-runner, the runner's generated scripts.
StaticRuntime.Prepare();
const string usage = """
    usage: pod-agent supervise STATE_DIR TOOLS_DIR [RUN_AS_OWNER_OF]   the main process of a container
           pod-agent link SOCKET                                       joins stdio with the supervisor
           pod-agent install TOOLS_DIR BUSYBOX                         copies agent and shell onto a shared volume
           pod-agent as UID GID PROGRAM [ARGUMENT...]                  runs a program as another user
           pod-agent cache-task STATE_DIR TASK                         restores or saves a job's caches
           pod-agent gitlab-runner SUBCOMMAND [FLAG...]                what the scripts of a job call gitlab-runner for
           pod-agent image-build|docker|nerdctl [ARGUMENT...]          builds and pushes images
           pod-agent --version
    """;
try
{
    // The name that the kernel was given: Environment.ProcessPath would be what the link leads to.
    var name = Path.GetFileName(Environment.GetCommandLineArgs()[0]);
    if (name is "gitlab-runner" or "gitlab-runner-helper")
    {
        return await GitLabRunner(args);
    }

    if (ImageCommand.Names.Contains(name))
    {
        return await Images(name, args);
    }

    return args switch
    {
        ["--version"] => Version(),
        ["supervise", var state, var tools] => await SuperviseCommand.RunAsync(new SupervisorOptions(state, tools, null), TimeProvider.System),
        ["supervise", var state, var tools, var owner] => await SuperviseCommand.RunAsync(new SupervisorOptions(state, tools, owner), TimeProvider.System),
        ["link", var socket] => LinkCommand.Run(socket),
        ["install", var tools, var busybox] => InstallCommand.Run(tools, busybox),
        ["gitlab-runner", .. var rest] => await GitLabRunner(rest),
        ["cache-task", var state, var task] => await UntilSignalled(cancel => CacheTaskCommand.RunAsync(state, task, TimeProvider.System, cancel)),
        [var program, .. var rest] when ImageCommand.Names.Contains(program) => await Images(program, rest),
        ["as", var uid, var gid, _, ..] => SwitchUserCommand.Run(
            uint.Parse(uid, CultureInfo.InvariantCulture), uint.Parse(gid, CultureInfo.InvariantCulture), args[3..]),
        _ => Usage(),
    };
}
#pragma warning disable CA1031 // The one catch-all: whatever went wrong is one line for a person, not a stack trace.
catch (Exception e)
#pragma warning restore CA1031
{
    await Console.Error.WriteLineAsync($"pod-agent {args.FirstOrDefault()}: {e.Message}");
    return 1;
}

static Task<int> GitLabRunner(string[] args)
{
    var context = RunnerContext.Of(Environment.GetEnvironmentVariable, Environment.CurrentDirectory, Console.Out, Console.Error, TimeProvider.System);
    return UntilSignalled(ending => RunnerCommand.RunAsync(args, context, ending));
}

static Task<int> Images(string name, string[] args) =>
    UntilSignalled(ending => ImageCommand.RunAsync(args, ImageContext.OfThisProcess(name, TimeProvider.System), ending));

static async Task<int> UntilSignalled(Func<CancellationToken, Task<int>> run)
{
    using var ending = new CancellationTokenSource();
    using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => End(context, ending));
    using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => End(context, ending));
    return await run(ending.Token);
}

static void End(PosixSignalContext context, CancellationTokenSource ending)
{
    context.Cancel = true;
    ending.Cancel();
}

static int Version()
{
    Console.WriteLine($"pod-agent {AgentVersion.Text}");
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine(usage);
    return 64;
}
