namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>What migrate was asked for.</summary>
internal sealed record MigrateRequest
{
    /// <summary>gitlab-runner's config.toml.</summary>
    public required string Source { get; init; }

    /// <summary>Only this runner; null: every one with the Kubernetes executor.</summary>
    public string? Runner { get; init; }

    /// <summary>Where the new files go.</summary>
    public required string Output { get; init; }

    /// <summary>Where they will lie when gitlab-runner uses them.</summary>
    public required string InstallDirectory { get; init; }

    /// <summary>Our program as gitlab-runner finds it.</summary>
    public required string Executable { get; init; }

    /// <summary>Null: the operator sets it in the written file.</summary>
    public string? HelperImage { get; init; }

    public bool KeepPrivileged { get; init; }

    public bool KeepSockets { get; init; }

    public bool Overwrite { get; init; }

    public bool DryRun { get; init; }
}

/// <summary>A file to write.</summary>
/// <param name="IsSecret">It holds a token or a key: nobody but its owner may read it.</param>
internal sealed record MigratedFile(string Name, string Text, bool IsSecret)
{
    public override string ToString() => Name;
}

/// <summary>All that was decided; nothing is written yet.</summary>
internal sealed record MigratePlan(IReadOnlyList<MigratedFile> Files, IReadOnlyList<KeyFate> Fates);
