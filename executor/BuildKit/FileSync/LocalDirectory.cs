namespace PodExecutor.BuildKit;

/// <summary>A folder of this machine that the daemon may read during a build, and nothing outside it.</summary>
/// <param name="Path">Absolute, or relative to the current folder.</param>
public sealed record LocalDirectory(string Path)
{
    /// <summary>Patterns of .dockerignore's syntax for what is never sent, beside those of the daemon's own request.</summary>
    public IReadOnlyList<string> ExcludePatterns { get; init; } = [];

    /// <summary>Takes down what a daemon is told of this folder, or tells what was taken down.</summary>
    public SyncRecord? Record { get; init; }

    /// <summary>Owners as they are on disk. BuildKit's own clients send root for everything: so that a build does not depend on who started it.</summary>
    public bool KeepOwners { get; init; }
}
