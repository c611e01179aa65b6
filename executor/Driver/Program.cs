using System.CommandLine;
using PodExecutor.Driver;
using PodExecutor.Driver.Commands;
using PodExecutor.Driver.Operations;
using PodExecutor.Driver.Operations.Certificates;
using PodExecutor.Driver.Operations.Completion;
using PodExecutor.Driver.Operations.Doctor;
using PodExecutor.Driver.Operations.Gc;
using PodExecutor.Driver.Operations.Migrate;
using PodExecutor.Driver.Operations.Rights;
using PodExecutor.Driver.Output;

// The way in of pod-executor: verb → command. gitlab-runner calls config, prepare, run (once per stage) and cleanup;
// the other verbs are for people.
StaticRuntime.Prepare();

// stdout of prepare and run is the job log; config's stdout is JSON, cleanup's is nobody's: these two speak on stderr.
var toStdout = new JobLog(Console.Out);
var toStderr = new JobLog(Console.Error);

var config = new Option<string>("--config")
{
    HelpName = "FILE",
    Description = "The executor's options file (TOML).",
    DefaultValueFactory = _ => "/etc/pod-executor/config.toml",
    Recursive = true,
};
var script = new Argument<string>("SCRIPT") { Description = "The file that gitlab-runner wrote." };
var stage = new Argument<string>("STAGE") { Description = "The name of the sub-stage." };

var root = new RootCommand("pod-executor: each GitLab job in its own Kubernetes pod.") { config };
root.Add(Verb("config", "Called by gitlab-runner: tells it the paths, refuses what cannot run.", [], (parse, _) =>
    Call.RunAsync(parse.GetValue(config)!, "config", stageRuns: false, toStderr, ConfigCommand.RunAsync)));
root.Add(Verb("prepare", "Called by gitlab-runner: brings the job's pod up.", [], (parse, _) =>
    Call.RunAsync(parse.GetValue(config)!, "prepare", stageRuns: false, toStdout, PrepareCommand.RunAsync)));
root.Add(Verb("run", "Called by gitlab-runner: runs a stage's script in the pod.", [script, stage], (parse, _) =>
    Call.RunAsync(parse.GetValue(config)!, "run", stageRuns: true, toStderr, (call, cancel) =>
        RunCommand.RunAsync(call, parse.GetValue(script)!, parse.GetValue(stage)!, cancel))));
root.Add(Verb("cleanup", "Called by gitlab-runner: deletes what the job left.", [], (parse, _) =>
    Call.RunAsync(parse.GetValue(config)!, "cleanup", stageRuns: false, toStderr, CleanupCommand.RunAsync)));
root.Add(PodExecutor.Driver.Pipelines.TryCommand.Build(config));
root.Add(PodExecutor.Driver.Cache.Care.CacheCommand.Build(config));
root.Add(DoctorCommand.Build(config));
root.Add(RbacCommand.Build(config));
root.Add(GcCommand.Build(config));
root.Add(CertificatesCommand.Build(config));
root.Add(MigrateCommand.Build());
root.Add(CompletionCommand.Build());
ShowVersion.Instead(root);
root.Add(PodExecutor.Driver.Options.ReferenceCommand.Build());

// Our own handlers turn SIGTERM into a token; the library's would end the process after two seconds.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static Command Verb(string name, string description, IReadOnlyList<Argument> arguments, Func<ParseResult, CancellationToken, Task<int>> action)
{
    var command = new Command(name, description);
    foreach (var argument in arguments)
    {
        command.Add(argument);
    }

    command.SetAction(action);
    return command;
}
