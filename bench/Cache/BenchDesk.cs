using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Link;
using PodExecutor.Link.Cache;

namespace PodExecutor.Bench.Cache;

/// <summary>The driver's half of a cache task, without a driver: one key, grants for the store on loopback.</summary>
internal sealed class BenchDesk(ObjectStore store)
{
    private const int MaxMessage = 256 << 20;
    private byte[]? _manifest;

    public int ManifestBytes => _manifest?.Length ?? 0;

    /// <summary>Answers the agent that connects, until it goes.</summary>
    public async Task ServeAsync(TcpListener listener, CancellationToken stop)
    {
        using var socket = await listener.AcceptSocketAsync(stop);
        await using var stream = new NetworkStream(socket);
        using var reader = new FrameReader<Ask>(stream, Ask.Parser);
        var writer = new FrameWriter<Answer>(stream);
        var open = new Dictionary<ulong, MessageParts>();
        while (await reader.ReadAsync(stop) is { } ask)
        {
            var parts = open.TryGetValue(ask.Id, out var before) ? before : open[ask.Id] = new MessageParts(MaxMessage);
            parts.Add(ask.Data, ask.Last);
            if (ask.Last)
            {
                open.Remove(ask.Id);
                foreach (var part in MessageParts.Split(Answer(CacheAsk.Parser.ParseFrom(parts.Whole)).ToByteString()))
                {
                    await writer.WriteAsync(new Answer { Id = ask.Id, Data = part.Data, Last = part.Last }, stop);
                }
            }
        }
    }

    public static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private CacheAnswer Answer(CacheAsk ask) => ask.AskCase switch
    {
        CacheAsk.AskOneofCase.Find when _manifest is not null => new CacheAnswer
        {
            Found = new Found
            {
                Key = "bench",
                Source = "this key",
                Manifest = UnsafeByteOperations.UnsafeWrap(_manifest),
                Grants = { ManifestFile.Read(_manifest).Packs.Select(p => Grant(new PackName { Sha256 = p.Sha256, Size = p.Size }, "GET")) },
            },
        },
        CacheAsk.AskOneofCase.Find => new CacheAnswer { NotFound = new NotFound() },
        CacheAsk.AskOneofCase.Known => new CacheAnswer
        {
            Known = new KnownManifests { Manifests = { _manifest is null ? [] : [UnsafeByteOperations.UnsafeWrap(_manifest)] } },
        },
        CacheAsk.AskOneofCase.GrantPacks => new CacheAnswer { Grants = new PackGrants { Grants = { ask.GrantPacks.Packs.Select(p => Grant(p, "PUT")) } } },
        CacheAsk.AskOneofCase.Keep => Keep(ask.Keep.ManifestSha256),
        _ => Commit(ask.Commit.Manifest.ToByteArray()),
    };

    private CacheAnswer Keep(ByteString sha256) => _manifest is not null && sha256.Span.SequenceEqual(SHA256.HashData(_manifest))
        ? Commit(_manifest)
        : new CacheAnswer { NotKept = new NotKept() };

    private CacheAnswer Commit(byte[] manifest)
    {
        _manifest = manifest;
        return new CacheAnswer { Committed = new Committed { ManifestSize = (ulong)manifest.Length } };
    }

    private PackGrant Grant(PackName pack, string method)
    {
        var name = PackObject.Name(pack.Sha256.Span);
        return new PackGrant
        {
            Sha256 = pack.Sha256,
            Present = method == "PUT" && store.Has(name),
            Object = new ObjectGrant { Method = method, Url = store.Url + name, Size = pack.Size },
        };
    }
}
