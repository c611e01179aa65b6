using System.CommandLine;
using PodExecutor.Driver.Cache.Care;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Operations;
using PodExecutor.Driver.Operations.Certificates;
using PodExecutor.Driver.Operations.Completion;
using PodExecutor.Driver.Operations.Doctor;
using PodExecutor.Driver.Operations.Gc;
using PodExecutor.Driver.Operations.Migrate;
using PodExecutor.Driver.Operations.Rights;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pipelines;

namespace PodExecutor.Driver.Commands;

/// <summary>The whole command line: the operators' verbs, help, and what is wrong with a line.</summary>
internal static class CommandLine
{
    private const string SystemFailureVariable = "SYSTEM_FAILURE_EXIT_CODE";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var parsed = Root().Parse(arguments);

        // Our own handlers turn SIGTERM into a token; the library's would end the process after two seconds.
        var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null };
        if (parsed.Errors.Count == 0 || !IsRunners(parsed))
        {
            return await parsed.InvokeAsync(invocation);
        }

        // A typo in config_args is the operator's, never the job's; and stdout of config is for its answer only.
        invocation.Output = Console.Error;
        await parsed.InvokeAsync(invocation);
        return JobRequest.ReadExitCodes(Environment.GetEnvironmentVariable).SystemFailure;
    }

    private static bool IsRunners(ParseResult parsed) =>
        CallLine.IsCall(parsed.CommandResult.Command.Name) || Environment.GetEnvironmentVariable(SystemFailureVariable) is { Length: > 0 };

    private static RootCommand Root()
    {
        var config = new Option<string>(CallLine.ConfigOption)
        {
            HelpName = "FILE",
            Description = "The executor's options file (TOML).",
            DefaultValueFactory = _ => CallLine.DefaultOptionsPath,
            Recursive = true,
        };
        var script = new Argument<string>("SCRIPT") { Description = "The file that gitlab-runner wrote." };
        var stage = new Argument<string>("STAGE") { Description = "The name of the sub-stage." };
        var root = new RootCommand("pod-executor: each GitLab job in its own Kubernetes pod.")
        {
            config,
            Verb(CallLine.Config, "Called by gitlab-runner: tells it the paths, refuses what cannot run.", config, []),
            Verb(CallLine.Prepare, "Called by gitlab-runner: brings the job's pod up.", config, []),
            Verb(CallLine.Run, "Called by gitlab-runner: runs a stage's script in the pod.", config, [script, stage]),
            Verb(CallLine.Cleanup, "Called by gitlab-runner: deletes what the job left.", config, []),
            TryCommand.Build(config),
            CacheCommand.Build(config),
            DoctorCommand.Build(config),
            RbacCommand.Build(config),
            GcCommand.Build(config),
            CertificatesCommand.Build(config),
            MigrateCommand.Build(),
            CompletionCommand.Build(),
        };
        ShowVersion.Instead(root);
        root.Add(ReferenceCommand.Build());
        return root;
    }

    private static Command Verb(string name, string description, Option<string> config, IReadOnlyList<Argument<string>> arguments)
    {
        var command = new Command(name, description);
        foreach (var argument in arguments)
        {
            command.Add(argument);
        }

        command.SetAction((parse, _) => RunnerCall.RunAsync(new CallLine(name, parse.GetValue(config)!, [.. arguments.Select(a => parse.GetValue(a)!)])));
        return command;
    }
}
