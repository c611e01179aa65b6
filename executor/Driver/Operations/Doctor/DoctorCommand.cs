using System.CommandLine;
using PodExecutor.Driver.Commands;
using PodExecutor.Driver.Operations.Doctor.Display;

namespace PodExecutor.Driver.Operations.Doctor;

/// <summary>
/// <c>pod-executor doctor</c>: looks at everything that a job needs, and says what is wrong and what to do. Exit code: 0 all
/// is well, 1 there are warnings, 2 there are errors.
/// </summary>
internal static class DoctorCommand
{
    public static Command Build(Option<string> config)
    {
        var runner = new Option<string?>("--runner-config") { HelpName = "FILE", Description = "gitlab-runner's config.toml: is checked, too." };
        var noPod = new Option<bool>("--no-pod") { Description = "Start no pod: only look." };
        var json = new Option<bool>("--json") { Description = "One JSON object on stdout, for machines." };
        var noColor = new Option<bool>("--no-color") { Description = "No colours, as without a terminal." };
        var command = new Command("doctor", "Checks options file, cluster, rights and the runner's config.toml, and says what to do.") { runner, noPod, json, noColor };
        command.SetAction((parse, _) => OperatorCall.RunAsync("doctor", async cancel =>
        {
            var request = new DoctorRequest(parse.GetValue(config)!, parse.GetValue(runner), StartPod: !parse.GetValue(noPod));
            var color = !parse.GetValue(noColor) && !Console.IsOutputRedirected;

            // Progress is for a person who waits; a file gets the result only.
            Action<string> progress = Console.IsErrorRedirected ? _ => { } : name => Console.Error.Write($"\e[2K\rlooking at the {name} … ");
            var outcomes = await DoctorSession.RunAsync(request, DoctorChecks.All, progress, TimeProvider.System, cancel);
            if (!Console.IsErrorRedirected)
            {
                await Console.Error.WriteAsync("\e[2K\r");
            }

            if (parse.GetValue(json))
            {
                await using var stdout = Console.OpenStandardOutput();
                FindingJson.Write(outcomes, stdout);
            }
            else
            {
                FindingTable.Write(outcomes, Console.Out, color);
            }

            return ExitCode(DoctorSession.Worst(outcomes));
        }));
        return command;
    }

    public static int ExitCode(Severity worst) => worst switch
    {
        Severity.Error => 2,
        Severity.Warning => 1,
        _ => 0,
    };
}
