using System.CommandLine;

namespace PodExecutor.Driver.Operations.Completion;

/// <summary><c>manual</c>: prints the man page. For packages, so it is hidden.</summary>
internal static class ManualCommand
{
    public static Command Build(RootCommand root)
    {
        var command = new Command("manual", "Prints pod-executor(1), for a package.") { Hidden = true };
        command.SetAction(_ => Console.Out.Write(ManualPage.Of(root, DriverVersion.Text)));
        return command;
    }
}
