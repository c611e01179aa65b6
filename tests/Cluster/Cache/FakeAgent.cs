using System.Net;
using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Driver.Cache;
using PodExecutor.Link.Cache;

namespace PodExecutor.Tests.Cluster.Cache;

/// <summary>Asks a desk what the agent would, with packs of a test's own; each pack holds one file.</summary>
internal sealed class FakeAgent(CacheDesk desk)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static PackName Pack(byte[] content) => new() { Sha256 = Digest(content), Size = (ulong)content.Length };

    public static Manifest Manifest(params byte[][] packs) => new()
    {
        Format = ManifestLimits.Format,
        Key = "what the agent says",
        Packs =
        {
            packs.Select(content => new Pack
            {
                Sha256 = Digest(content),
                Size = (ulong)content.Length,
                Frames = { new Frame { Length = (uint)content.Length, ContentLength = 1, Sha256 = Digest(content) } },
            }),
        },
    };

    public Task<CacheAnswer> AskAsync(CacheAsk ask) => desk.AnswerAsync(ask, Cancel);

    public Task<CacheAnswer> FindAsync(uint attempt = 0, uint item = 0) => AskAsync(new CacheAsk { Item = item, Find = new Find { Attempt = attempt } });

    public Task<CacheAnswer> GrantAsync(Direction direction, params byte[][] packs) =>
        AskAsync(new CacheAsk { GrantPacks = new GrantPacks { Direction = direction, Packs = { packs.Select(Pack) } } });

    public Task<CacheAnswer> CommitAsync(Manifest manifest) =>
        AskAsync(new CacheAsk { Commit = new Commit { Manifest = ByteString.CopyFrom(ManifestFile.Write(manifest)) } });

    /// <summary>As the agent saves: what is known, grants, uploads, commit.</summary>
    public async Task<CacheAnswer> SaveAsync(params byte[][] packs)
    {
        await AskAsync(new CacheAsk { Known = new Known() });
        var granted = (await GrantAsync(Direction.Save, packs)).Grants;
        for (var i = 0; i < packs.Length; i++)
        {
            if (!granted.Grants[i].Present)
            {
                Assert.Equal(HttpStatusCode.OK, (await SendAsync(granted.Grants[i].Object, packs[i])).Status);
            }
        }

        return await CommitAsync(Manifest(packs));
    }

    public static async Task<(HttpStatusCode Status, byte[] Content)> SendAsync(ObjectGrant grant, byte[]? content = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(grant.Method), grant.Url) { Content = content is null ? null : new ByteArrayContent(content) };
        foreach (var (name, value) in grant.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await client.SendAsync(request, Cancel);
        return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(Cancel));
    }

    private static ByteString Digest(byte[] content) => ByteString.CopyFrom(SHA256.HashData(content));
}
