namespace PodExecutor.BuildKit.FileSync.Filters;

/// <summary>What of a tree the daemon wants. Purely of names.</summary>
/// <param name="includes">null: everything.</param>
/// <param name="excludes">null: nothing.</param>
internal sealed class PathFilter(PatternList? includes, PatternList? excludes)
{
    /// <summary>The state of a folder, that its entries' verdicts build on.</summary>
    public sealed class FolderState(int includes, int excludes)
    {
        public bool[] Included { get; } = includes == 0 ? [] : new bool[includes];

        public bool[] Excluded { get; } = excludes == 0 ? [] : new bool[excludes];
    }

    public FolderState NewState() => new(includes?.Count ?? 0, excludes?.Count ?? 0);

    /// <param name="parent">null for the root's entries.</param>
    /// <param name="state">Gets the entry's own state.</param>
    public Verdict Judge(string path, bool isFolder, FolderState? parent, FolderState state)
    {
        var verdict = Verdict.Send;
        if (includes is not null && !includes.Matches(path, parent?.Included, state.Included))
        {
            if (isFolder && includes.OnlyPrefixInclusions && !includes.MayMatchBelow(path, exclusions: false))
            {
                return Verdict.SkipAll;
            }

            verdict = Verdict.Skip;
        }

        if (excludes is not null && excludes.Matches(path, parent?.Excluded, state.Excluded))
        {
            if (isFolder && excludes.OnlyPrefixExclusions && !excludes.MayMatchBelow(path, exclusions: true))
            {
                return Verdict.SkipAll;
            }

            verdict = Verdict.Skip;
        }

        return verdict;
    }

    /// <summary>Whether anything below a folder could be sent.</summary>
    /// <param name="state">What <see cref="Judge"/> has made of it.</param>
    public bool MaySendBelow(string folder, FolderState state) =>
        includes?.MayComeOutBelow(true, folder, state.Included) != false && excludes?.MayComeOutBelow(false, folder, state.Excluded) != false;
}

internal enum Verdict
{
    Send,

    /// <summary>Not by itself; a folder is sent when something below it is.</summary>
    Skip,

    /// <summary>Nor anything below it.</summary>
    SkipAll,
}
