namespace PodExecutor.Agent.Builders;

/// <summary>The sockets by which a job reaches the builders: on the tools volume, which the build container can read and not write.</summary>
internal sealed record BuilderSockets(string ToolsDirectory)
{
    public string Directory => Path.Combine(ToolsDirectory, "builders");

    /// <summary>Answers which builder to take (protos/builders.proto).</summary>
    public string Choose => Path.Combine(Directory, "choose.sock");

    /// <summary>Leads to a builder that has room: BUILDKIT_HOST.</summary>
    public string Any => Path.Combine(Directory, "buildkit.sock");

    /// <summary>Tells the build container's supervisor when a build found no builder: no script can write it.</summary>
    public string Away => Path.Combine(Directory, "away");

    /// <summary>Leads to the n-th builder. Numbered: a socket's path has 107 bytes at most.</summary>
    public string Builder(int index) => Path.Combine(Directory, $"{index}.sock");
}
