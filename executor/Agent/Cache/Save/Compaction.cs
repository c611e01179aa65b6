namespace PodExecutor.Agent.Cache.Save;

/// <summary>
/// Which packs of earlier saves are left behind: a key that is saved again and again would otherwise refer to ever more packs, of each to
/// ever less, and a restore would pay for both. Packs that other keys refer to are kept anyway.
/// </summary>
internal static class Compaction
{
    /// <summary>Below this share of a pack's bytes it is cheaper to send the rest again than to keep all.</summary>
    private const double LeastLive = 0.5;

    private const long Small = PackWriter.PackSize / 8;
    private const int MostSmall = 24;

    /// <returns>The packs to avoid; what is still needed of them is sent again.</returns>
    public static IReadOnlyList<StoredPack> Choose(IEnumerable<SavedEntry> entries)
    {
        // A chunk's share of its frame, in bytes as stored; content that several files have counts once.
        var live = new Dictionary<StoredPack, double>();
        foreach (var place in entries.SelectMany(e => e.Chunks).Select(c => c.Place).OfType<ContentPlace>().Distinct())
        {
            if (place.Frame is { Pack: { IsKnown: true, IsShared: false } } frame)
            {
                live[frame.Pack] = live.GetValueOrDefault(frame.Pack) + ((double)frame.Length * place.Length / frame.ContentLength);
            }
        }

        var small = live.Keys.Where(p => p.Size < Small).ToList();
        return [.. live.Where(p => p.Value < p.Key.Size * LeastLive).Select(p => p.Key).Union(small.Count > MostSmall ? small : [])];
    }
}
