using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Link.Cache;

namespace PodExecutor.Tests.Unit.Cache.Doubles;

/// <summary>The driver's half as the protocol describes it, over an object server: keys, manifests, grants that may run out.</summary>
internal sealed class DeskDouble(ObjectServer server)
{
    private int _epoch;

    /// <summary>Manifests by key, newest last.</summary>
    public ConcurrentDictionary<string, List<byte[]>> Manifests { get; } = new();

    /// <summary>What Find gives, one after the other; without it, the newest manifest of the item's key.</summary>
    public List<Found> Candidates { get; } = [];

    public int Grants => _grants;

    /// <summary>Saves that were a restored manifest.</summary>
    public int Kept { get; private set; }

    /// <summary>Answered to everything, if given.</summary>
    public string? Refusal { get; set; }

    /// <summary>Grants of before are refused from now on.</summary>
    public bool IsCurrent(string query) => query == $"grant={_epoch}";

    private int _grants;

    public void ExpireGrants() => Interlocked.Increment(ref _epoch);

    public Task<CacheAnswer> AskAsync(string key, CacheAsk ask, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return Task.FromResult(Refusal is { } words ? new CacheAnswer { Refused = words } : Answer(key, ask));
    }

    private CacheAnswer Answer(string key, CacheAsk ask) => ask.AskCase switch
    {
        CacheAsk.AskOneofCase.Find => Find(key, ask.Find.Attempt),
        CacheAsk.AskOneofCase.Known => new CacheAnswer
        {
            Known = new KnownManifests
            {
                Manifests = { Manifests.OrderBy(m => m.Key != key).SelectMany(m => m.Value.AsEnumerable().Reverse()).Select(m => UnsafeByteOperations.UnsafeWrap(m)) },
            },
        },
        CacheAsk.AskOneofCase.GrantPacks => new CacheAnswer
        {
            Grants = new PackGrants { Grants = { ask.GrantPacks.Packs.Select(p => Grant(p, ask.GrantPacks.Direction)) } },
        },
        CacheAsk.AskOneofCase.Keep => Keep(key, ask.Keep.ManifestSha256),
        _ => Commit(key, ask.Commit.Manifest.ToByteArray()),
    };

    private CacheAnswer Find(string key, uint attempt)
    {
        if (Candidates.Count > attempt)
        {
            return new CacheAnswer { Found = Candidates[(int)attempt] };
        }

        return Candidates.Count == 0 && attempt == 0 && Manifests.TryGetValue(key, out var saved)
            ? new CacheAnswer { Found = Of(key, saved[^1]) }
            : new CacheAnswer { NotFound = new NotFound { LookedFor = { key } } };
    }

    public Found Of(string key, byte[] manifest) => new()
    {
        Key = key,
        Source = "this key",
        Manifest = UnsafeByteOperations.UnsafeWrap(manifest),
    };

    public Found Archive(string name, byte[] bytes)
    {
        server.Objects[name] = bytes;
        return new Found
        {
            Key = name,
            Source = "the runner's own archive",
            Archive = new ObjectGrant { Method = "GET", Url = $"{server.Url}{name}?grant={_epoch}", Size = (ulong)bytes.Length },
        };
    }

    private PackGrant Grant(PackName pack, Direction direction)
    {
        Interlocked.Increment(ref _grants);
        var name = PackObject.Name(pack.Sha256.Span);
        return new PackGrant
        {
            Sha256 = pack.Sha256,
            Present = direction == Direction.Save && server.Objects.ContainsKey(name),
            Object = new ObjectGrant
            {
                Method = direction == Direction.Save ? "PUT" : "GET",
                Url = $"{server.Url}{name}?grant={_epoch}",
                Size = pack.Size,
                Headers = { ["Content-Type"] = "application/octet-stream", ["x-amz-meta-test"] = "1" },
            },
        };
    }

    private CacheAnswer Keep(string key, ByteString sha256)
    {
        if (!Manifests.TryGetValue(key, out var saved) || !sha256.Span.SequenceEqual(SHA256.HashData(saved[^1])))
        {
            return new CacheAnswer { NotKept = new NotKept() };
        }

        Kept++;
        return Commit(key, saved[^1]);
    }

    private CacheAnswer Commit(string key, byte[] manifest)
    {
        var read = ManifestFile.Read(manifest);
        Assert.All(read.Packs, p => Assert.True(server.Objects.ContainsKey(PackObject.Name(p.Sha256.Span)), "a manifest must not come before its packs"));
        Manifests.GetOrAdd(key, _ => []).Add(manifest);
        return new CacheAnswer { Committed = new Committed { ManifestSize = (ulong)manifest.Length } };
    }
}
