using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Options;
using PodExecutor.Link.Cache;

namespace PodExecutor.Driver.Cache;

/// <summary>
/// Answers what a save asks: what is in the store already, grants for new packs, and the commit. Only here a manifest is written, when
/// all that it refers to is there (docs/adr/0021).
/// </summary>
internal sealed class SaveDesk(CachePlan plan, CacheOptions options, S3Store store, TimeProvider time)
{
    /// <summary>Manifests of other keys that are worth reading: content is mostly shared with the last few.</summary>
    private const int OtherManifests = 8;

    /// <summary>Bytes of manifests in one answer, about.</summary>
    private const int MaxKnown = 32 * 1024 * 1024;

    private const int LooksAtOnce = 8;

    private readonly ConcurrentDictionary<Protection, Lazy<Task<StoreListing>>> _listings = new();

    private static CacheAnswer NotKept => new() { NotKept = new NotKept() };

    /// <summary>Manifests whose packs are all there: of this key first, then the youngest others.</summary>
    /// <exception cref="StoreException">The store does not serve.</exception>
    public async Task<CacheAnswer> KnownAsync(uint item, CancellationToken cancel)
    {
        var key = plan.Items[(int)item].Key;
        var listing = await ListingAsync(key.Protection, cancel);
        var own = plan.Names.Manifest(key);
        var wanted = listing.Manifests.Where(m => m.Name == own).Concat(listing.Manifests.Where(m => m.Name != own).Take(OtherManifests));
        var known = new KnownManifests();
        var size = 0L;
        foreach (var manifest in wanted.TakeWhile(m => (size += m.Size) <= MaxKnown))
        {
            if (await store.ReadAsync(manifest.Name, ManifestLimits.MaxStored, cancel) is { } stored && IsWhole(stored, key.Protection, listing))
            {
                known.Manifests.Add(UnsafeByteOperations.UnsafeWrap(stored));
            }
        }

        return new CacheAnswer { Known = known };
    }

    /// <summary>One grant per pack, good for exactly its content.</summary>
    /// <exception cref="StoreException">The store does not serve.</exception>
    public async Task<CacheAnswer> GrantAsync(uint item, IReadOnlyList<PackName> packs, CancellationToken cancel)
    {
        var key = plan.Items[(int)item].Key;
        var listing = await ListingAsync(key.Protection, cancel);
        var grants = new PackGrants();
        foreach (var pack in packs)
        {
            if (pack.Sha256.Length != PackObject.DigestLength || pack.Size > ManifestLimits.MaxPack || IsTooMuch(pack.Size))
            {
                return new CacheAnswer { Refused = $"a pack of {pack.Size} bytes is not taken" };
            }

            // An old pack may be about to be swept: sending it again makes it young.
            var name = plan.Names.Pack(key.Protection, pack.Sha256.Span);
            var present = listing.Packs.TryGetValue(name, out var stored) && (ulong)stored.Size == pack.Size && IsYoung(stored);
            grants.Grants.Add(present
                ? new PackGrant { Sha256 = pack.Sha256, Present = true }
                : new PackGrant
                {
                    Sha256 = pack.Sha256,
                    Object = Grants.Of(store.Grant(HttpMethod.Put, name, Convert.ToHexStringLower(pack.Sha256.Span)), pack.Size),
                });
        }

        return new CacheAnswer { Grants = grants };
    }

    /// <summary>Makes a save visible.</summary>
    /// <exception cref="StoreException">The store does not serve.</exception>
    /// <exception cref="CacheDamagedException">The manifest breaks a rule.</exception>
    public async Task<CacheAnswer> CommitAsync(uint item, ByteString bytes, CancellationToken cancel)
    {
        var key = plan.Items[(int)item].Key;
        var name = plan.Names.Manifest(key);
        var before = await store.LookAsync(name, cancel);
        var answer = await WriteAsync(key, bytes, cancel);
        if (answer.Committed is { } committed)
        {
            var known = (await ListingAsync(key.Protection, cancel)).Manifests.FirstOrDefault(m => m.Name == name);
            committed.Replaced = before is not null && before.Tag != known?.Tag;
        }

        return answer;
    }

    /// <summary>Writes the key's manifest once more, with this job's page and time, if it is still the one that the job restored.</summary>
    /// <exception cref="StoreException">The store does not serve.</exception>
    public async Task<CacheAnswer> KeepAsync(uint item, ByteString sha256, CancellationToken cancel)
    {
        var key = plan.Items[(int)item].Key;
        var stored = await store.ReadAsync(plan.Names.Manifest(key), ManifestLimits.MaxStored, cancel);
        if (stored is null || !sha256.Span.SequenceEqual(SHA256.HashData(stored)))
        {
            return NotKept;
        }

        // Refused, for a pack is gone, say: a save that reads all may still succeed.
        var answer = await WriteAsync(key, UnsafeByteOperations.UnsafeWrap(stored), cancel);
        return answer.Committed is null ? NotKept : answer;
    }

    /// <summary>1. the manifest keeps all rules; 2. its packs are there; 3. write it; 4. they still are.</summary>
    private async Task<CacheAnswer> WriteAsync(CacheKey key, ByteString bytes, CancellationToken cancel)
    {
        // Step 1: what it says of itself is ours to say.
        var manifest = ManifestFile.Read(bytes.Memory);
        (manifest.Key, manifest.JobUrl, manifest.CreatedUnixMs) = (key.Text, plan.JobUrl, time.GetUtcNow().ToUnixTimeMilliseconds());
        if (IsTooMuch((ulong)manifest.Packs.Sum(p => (decimal)p.Size)))
        {
            return new CacheAnswer { Refused = $"the cache has more than {options.MaxUploadedArchiveSize} bytes, the limit that the runner's operator has set (max_uploaded_archive_size)" };
        }

        // Step 2
        if (await MissingAsync(manifest, key, refresh: true, cancel) is { } missing)
        {
            return new CacheAnswer { Refused = missing };
        }

        // Step 3
        var stored = ManifestFile.Write(manifest);
        await store.WriteAsync(plan.Names.Manifest(key), stored, cancel);

        // Step 4: `cache gc` may have looked at a pack just before it became young.
        return await MissingAsync(manifest, key, refresh: false, cancel) is { } lost
            ? new CacheAnswer { Refused = lost }
            : new CacheAnswer { Committed = new Committed { ManifestSize = (ulong)stored.Length } };
    }

    /// <summary>Null if every pack is stored in its size.</summary>
    private async Task<string?> MissingAsync(Manifest manifest, CacheKey key, bool refresh, CancellationToken cancel)
    {
        var missing = new ConcurrentBag<string>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = LooksAtOnce, CancellationToken = cancel };
        await Parallel.ForEachAsync(manifest.Packs, parallel, async (pack, token) =>
        {
            var name = plan.Names.Pack(key.Protection, pack.Sha256.Span);
            var stored = await store.LookAsync(name, token);
            if (stored is null || (ulong)stored.Size != pack.Size || (refresh && !IsYoung(stored) && !await store.RefreshAsync(name, token)))
            {
                missing.Add(name);
            }
        });
        return missing.IsEmpty ? null : $"{missing.Count} of {manifest.Packs.Count} packs are not in the store";
    }

    private bool IsWhole(byte[] stored, Protection protection, StoreListing listing)
    {
        try
        {
            return ManifestFile.Read(stored).Packs.All(p =>
                listing.Packs.TryGetValue(plan.Names.Pack(protection, p.Sha256.Span), out var pack) && (ulong)pack.Size == p.Size);
        }
        catch (CacheDamagedException)
        {
            return false;
        }
    }

    private bool IsTooMuch(ulong bytes) => options.MaxUploadedArchiveSize > 0 && bytes > (ulong)options.MaxUploadedArchiveSize;

    private bool IsYoung(StoredObject pack) => time.GetUtcNow() - pack.Modified < options.LongestJob / 2;

    private async Task<StoreListing> ListingAsync(Protection protection, CancellationToken cancel)
    {
        var listing = _listings.GetOrAdd(protection, p => new Lazy<Task<StoreListing>>(() => StoreListing.ReadAsync(store, plan.Names.Space(p), cancel)));
        try
        {
            return await listing.Value;
        }
        catch
        {
            // Whatever it was: the next request lists again.
            _listings.TryRemove(new KeyValuePair<Protection, Lazy<Task<StoreListing>>>(protection, listing));
            throw;
        }
    }
}
