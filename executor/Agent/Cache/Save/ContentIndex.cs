using System.Collections.Concurrent;
using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>All content that need not be sent: that of the known manifests, and what this save has packed so far.</summary>
internal sealed class ContentIndex(string key)
{
    private readonly ConcurrentDictionary<ContentDigest, ContentPlace> _places = new();
    private readonly Dictionary<ByteString, StoredPack> _packs = [];

    /// <summary>The newest manifest of this key, and its bytes.</summary>
    public (Manifest Manifest, ReadOnlyMemory<byte> Stored)? Before { get; private set; }

    /// <summary>The first one added wins. One that is damaged is left out: it only costs sending again.</summary>
    public void Add(ReadOnlyMemory<byte> stored, IReadOnlySet<ByteString> unusable)
    {
        Manifest manifest;
        try
        {
            manifest = ManifestFile.Read(stored);
        }
        catch (CacheDamagedException)
        {
            return;
        }

        if (Before is null && manifest.Key == key)
        {
            Before = (manifest, stored);
        }

        var frames = manifest.Packs.Select(p => Frames(p, manifest.Key != key, unusable)).ToList();
        foreach (var chunk in manifest.Entries.SelectMany(e => e.Chunks))
        {
            if (frames[(int)chunk.Pack]?[(int)chunk.Frame] is { } frame)
            {
                _places.TryAdd(ContentDigest.Read(chunk.Digest.Span), new ContentPlace((int)chunk.FrameOffset, (int)chunk.Length) { Frame = frame });
            }
        }
    }

    public ContentPlace? Find(in ContentDigest digest, int length) =>
        _places.TryGetValue(digest, out var place) && place.Length == length && place.Frame is not { Pack.IsAvoided: true } ? place : null;

    /// <summary>Says where content will be.</summary>
    /// <returns>The place to use: another one if another worker was first.</returns>
    public ContentPlace Claim(in ContentDigest digest, ContentPlace place)
    {
        while (true)
        {
            var found = _places.GetOrAdd(digest, place);
            if (found == place || (found.Length == place.Length && found.Frame is not { Pack.IsAvoided: true }))
            {
                return found;
            }

            if (_places.TryUpdate(digest, place, found))
            {
                return place;
            }
        }
    }

    private List<StoredFrame?>? Frames(Pack pack, bool isOther, IReadOnlySet<ByteString> unusable)
    {
        if (unusable.Contains(pack.Sha256))
        {
            return null;
        }

        if (!_packs.TryGetValue(pack.Sha256, out var stored))
        {
            _packs.Add(pack.Sha256, stored = new StoredPack { Sha256 = pack.Sha256.ToByteArray(), Size = (long)pack.Size, IsKnown = true });
        }

        stored.IsShared |= isOther;
        return (ulong)stored.Size == pack.Size ? [.. pack.Frames.Select(stored.Known)] : null;
    }
}
