using System.Collections;
using PodExecutor.Agent.Builders;
using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Solving;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Supervisor;

/// <summary>The environment that a stage's shell starts with: the image's own, made usable. The script exports the job's variables itself.</summary>
internal static class StageEnvironment
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Builds the environment as "NAME=value" strings.</summary>
    public static IReadOnlyList<string> Build(SupervisorOptions options, Identity identity)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        // Behind everything else: what the image has itself always wins.
        variables["PATH"] = $"{variables.GetValueOrDefault("PATH", DefaultPath)}:{Path.Combine(options.ToolsDirectory, "bin")}";
        variables["HOME"] = Home(variables.GetValueOrDefault("HOME"), options, identity);
        AddImages(variables, options);
        return [.. variables.Select(v => $"{v.Key}={v.Value}")];
    }

    /// <summary>Where image-build, docker and nerdctl keep what they make, and, if this job has builders, the way to them for any BuildKit client.</summary>
    private static void AddImages(SortedDictionary<string, string> variables, SupervisorOptions options)
    {
        variables[ImageContext.StateVariable] = options.ImagesPath;
        var sockets = new BuilderSockets(options.ToolsDirectory);
        if (File.Exists(sockets.Choose))
        {
            variables[BuilderFinder.GatewayVariable] = sockets.Choose;
            variables["BUILDKIT_HOST"] = "unix://" + sockets.Any;
        }
    }

    /// <summary>git, ssh, npm and others fail without a writable HOME; images run under a foreign uid seldom have one.</summary>
    private static string Home(string? home, SupervisorOptions options, Identity identity)
    {
        var ownUser = identity == Identity.OfThisProcess;
        if (ownUser && home is { Length: > 0 } and not "/" && Directory.Exists(home) && Libc.Access(home, Libc.WritePermission) == 0)
        {
            return home;
        }

        StateEntry.MakeDirectory(options.HomePath, identity);
        return options.HomePath;
    }
}
