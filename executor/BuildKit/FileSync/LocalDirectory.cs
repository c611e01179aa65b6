namespace PodExecutor.BuildKit;

/// <summary>A folder of this machine that the daemon may read during a build, and nothing outside it.</summary>
/// <param name="Path">Absolute, or relative to the current folder.</param>
public sealed record LocalDirectory(string Path)
{
    /// <summary>Patterns of .dockerignore's syntax for what is never sent, beside those of the daemon's own request.</summary>
    public IReadOnlyList<string> ExcludePatterns { get; init; } = [];

    /// <summary>
    /// Asked for each entry that patterns and daemon want, before the daemon is told of it; false: left out. Of a folder that is left out the entries are asked for, too.
    /// Called by one thread per transfer; a daemon may ask for a folder more than once.
    /// </summary>
    public Func<LocalEntry, bool>? Filter { get; init; }

    /// <summary>Owners as they are on disk. BuildKit's own clients send root for everything: so that a build does not depend on who started it.</summary>
    public bool KeepOwners { get; init; }
}

/// <summary>A file, folder or link that is about to be told to the daemon.</summary>
/// <param name="Path">Below the folder that is sent, with slashes.</param>
/// <param name="Mode">POSIX st_mode: type and permission bits.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ModifiedNanoseconds">Since 1970.</param>
public readonly record struct LocalEntry(string Path, uint Mode, long Size, long ModifiedNanoseconds);
