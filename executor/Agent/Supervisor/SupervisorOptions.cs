namespace PodExecutor.Agent.Supervisor;

/// <summary>Where this container's agent keeps things, from the pod's command line: the driver decides all of it.</summary>
/// <param name="StateDirectory">Writable, of this container alone: socket, spool, script, home.</param>
/// <param name="ToolsDirectory">Shared by the pod's containers: the agent itself, the shell it brings.</param>
/// <param name="RunAsOwnerOf">A file whose owner the scripts run as, or null to run them as the agent's own user.</param>
internal sealed record SupervisorOptions(string StateDirectory, string ToolsDirectory, string? RunAsOwnerOf)
{
    /// <summary>Bytes of output that wait on disk for the driver.</summary>
    public int SpoolCapacity { get; init; } = 16 * 1024 * 1024;

    public string SocketPath => Path.Combine(StateDirectory, "agent.sock");

    public string IdentityPath => Path.Combine(StateDirectory, "identity");

    public string SpoolPath => Path.Combine(StateDirectory, "output");

    public string ScriptPath => Path.Combine(StateDirectory, "script");

    /// <summary>What a job's restore leaves for its save; of the scripts' user.</summary>
    public string CachePath => Path.Combine(StateDirectory, "cache");

    /// <summary>What image-build, docker and nerdctl keep from one command to the next.</summary>
    public string ImagesPath => Path.Combine(StateDirectory, "images");

    public string HomePath => Path.Combine(StateDirectory, "home");
}
