namespace PodExecutor.Driver.Options;

/// <summary>The [builder] table: what jobs may do with the builders.</summary>
internal sealed record BuilderPolicyOptions
{
    /// <summary>Repositories that may be pushed to, with {project} for the job's own; empty: all.</summary>
    public IReadOnlyList<string> AllowedRepositories { get; init; } = [];

    public IReadOnlyList<string> Entitlements { get; init; } = [];

    public IReadOnlyList<string> InsecureRegistries { get; init; } = [];

    /// <summary>A job may name a builder of its own, past the rules of this table.</summary>
    public bool OtherBuilders { get; init; }

    /// <summary>"# syntax=" lines are not followed.</summary>
    public bool BuiltinFrontend { get; init; }
}

/// <summary>One of [[builders]].</summary>
internal sealed record BuilderOptions(string Name, string Address)
{
    /// <summary>Further addresses by which pipelines call it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    public string? CaFile { get; init; }

    public string? CertFile { get; init; }

    public string? KeyFile { get; init; }

    public string? ServerName { get; init; }

    /// <summary>Builds at once, of all jobs; 0: no limit.</summary>
    public int MaxParallel { get; init; }

    /// <summary>Empty: what it says itself.</summary>
    public IReadOnlyList<string> Platforms { get; init; } = [];
}
