using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>Where things are inside a job's pod: paths, volumes, and the command lines that the agent is started with.</summary>
internal static class PodLayout
{
    public const string BuildsDirectory = "/builds";
    public const string CacheDirectory = "/cache";

    public const string ToolsVolume = "tools";
    public const string ToolsDirectory = "/opt/pod-executor";
    public const string StateDirectory = "/run/pod-executor";

    /// <summary>The build container's state as the helper sees it, read-only: only the file that tells the user.</summary>
    public const string BuildStateInHelper = "/run/pod-executor-build";

    /// <summary>The agent in the helper image; every other container has it from the tools volume.</summary>
    public const string AgentInHelper = "/usr/local/bin/pod-agent";
    public const string BusyboxInHelper = "/usr/local/lib/pod-executor/busybox";
    public const string Agent = ToolsDirectory + "/pod-agent";

    public static readonly IReadOnlyList<string> HelperCommand =
        [AgentInHelper, "supervise", StateDirectory, ToolsDirectory, BuildStateInHelper + "/identity"];

    public static readonly IReadOnlyList<string> BuildCommand = [Agent, "supervise", StateDirectory, ToolsDirectory];

    public static readonly IReadOnlyList<string> InstallCommand = [AgentInHelper, "install", ToolsDirectory, BusyboxInHelper];

    /// <summary>What an exec starts to reach a container's agent.</summary>
    public static IReadOnlyList<string> LinkCommand(string container) =>
        [container == Stage.HelperContainer ? AgentInHelper : Agent, "link", StateDirectory + "/agent.sock"];

    public static string StateVolume(string container) => "state-" + container;
}
