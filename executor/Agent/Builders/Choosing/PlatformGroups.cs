using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Choosing;

/// <summary>Which platforms of a build go together, where no builder has all of them.</summary>
internal static class PlatformGroups
{
    /// <param name="builders">The platforms of each builder that is there, in the build's own order.</param>
    /// <returns>As few groups as it takes, each with platforms that one builder has; null if some platform is nowhere, or one group would do.</returns>
    public static SplitBuild? Of(IReadOnlyList<string> platforms, IReadOnlyList<IReadOnlyList<string>> builders)
    {
        var split = new SplitBuild();
        var left = platforms.Distinct(StringComparer.Ordinal).ToList();
        while (left.Count > 0)
        {
            // The first of equals: where the build's cache is warm.
            var most = builders.Select(b => left.Where(b.Contains).ToList()).MaxBy(covered => covered.Count);
            if (most is null or [])
            {
                return null;
            }

            split.Groups.Add(new PlatformGroup { Platforms = { most } });
            left.RemoveAll(most.Contains);
        }

        return split.Groups.Count > 1 ? split : null;
    }
}
