using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;

namespace PodExecutor.Driver.Operations;

/// <summary><c>--version</c>: "pod-executor 0.1.0, commit d4794eedda81, linux-x64".</summary>
internal sealed class ShowVersion : SynchronousCommandLineAction
{
    private const int ShownCommit = 12;

    /// <summary>In place of the library's, which prints the bare version.</summary>
    public static void Instead(RootCommand root)
    {
        foreach (var option in root.Options.OfType<VersionOption>())
        {
            option.Action = new ShowVersion();
        }
    }

    public override int Invoke(ParseResult parseResult)
    {
        Console.Out.WriteLine(Line(DriverVersion.Text, RuntimeInformation.RuntimeIdentifier));
        return 0;
    }

    /// <param name="version">With the commit after a plus sign, as the SDK writes it; a build outside of git has none.</param>
    public static string Line(string version, string platform)
    {
        var parts = version.Split('+', 2);
        var commit = parts.Length == 2 ? parts[1][..Math.Min(ShownCommit, parts[1].Length)] : "unknown";
        return $"pod-executor {parts[0]}, commit {commit}, {platform}";
    }
}
