using Google.Protobuf;
using Grpc.Core;
using Org.BouncyCastle.Math.EC.Rfc8032;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.BuildKit.Wire.Content;
using PodExecutor.BuildKit.Wire.FileSync;
using PodExecutor.BuildKit.Wire.Session;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>The session's smaller services, against a daemon that means no good.</summary>
public sealed class ServiceTests : IAsyncDisposable
{
    private readonly FakeDaemon _daemon = new();

    private readonly Project _project = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        _project.Dispose();
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/evil")]
    [InlineData("a/../../evil")]
    [InlineData("a/..")]
    [InlineData("untold/evil")]
    [InlineData("link/evil")]
    public async Task LocalExport_WithAPathThatLeadsOut_WritesNothing(string path)
    {
        const uint directory = 1u << 31, link = 1u << 27;
        var evil = "evil-" + Guid.NewGuid().ToString("N");
        path = path.Replace("evil", evil, StringComparison.Ordinal);
        Directory.CreateDirectory(_project.Out("elsewhere"));
        Stat[] tree =
        [
            new() { Path = "a", Mode = directory | 0x1ed }, new() { Path = "link", Mode = link | 0x1ff, Linkname = "../elsewhere" }, new() { Path = path, Mode = 0x1a4, Size = 1 },
        ];
        var error = await SolveAsync(_project.Request(null, Export.Local(_project.Out("result"))), async (session, call) =>
        {
            using var copy = session.Open("/moby.filesync.v1.FileSend/DiffCopy", Packet.Parser, [], call.Cancelled);
            foreach (var stat in tree)
            {
                await copy.RequestStream.WriteAsync(new Packet { Stat = stat }, call.Cancelled);
            }

            return await Assert.ThrowsAsync<RpcException>(() => copy.ResponseStream.MoveNext(call.Cancelled));
        });

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Empty(Directory.GetFiles(_project.Path, evil, SearchOption.AllDirectories));
        Assert.False(File.Exists(Path.DirectorySeparatorChar + evil));
    }

    [Fact]
    public async Task FileExport_ThatNobodyAskedFor_IsRefused()
    {
        var error = await SolveAsync(_project.Request(), async (session, call) =>
        {
            using var copy = session.Open("/moby.filesync.v1.FileSend/DiffCopy", Packet.Parser, [], call.Cancelled);
            return await Assert.ThrowsAsync<RpcException>(() => copy.ResponseStream.MoveNext(call.Cancelled));
        });

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task Blob_WithAnotherDigestThanItsOwn_IsNotKept()
    {
        var digest = "sha256:" + new string('0', 64);
        var request = _project.Request(null, Export.OciLayout(_project.Out("layout")));

        await Assert.ThrowsAnyAsync<BuildKitException>(() => SolveAsync<bool>(request, async (session, call) =>
        {
            using var write = session.Open(
                "/containerd.services.content.v1.Content/Write", WriteContentResponse.Parser, new Metadata { { "buildkit-attachable-store-id", "export" } }, call.Cancelled);
            await write.RequestStream.WriteAsync(new WriteContentRequest { Ref = "x", Expected = digest, Total = 3 }, call.Cancelled);
            Assert.True(await write.ResponseStream.MoveNext(call.Cancelled));
            await write.RequestStream.WriteAsync(new WriteContentRequest { Action = WriteAction.Commit, Data = ByteString.CopyFromUtf8("abc"), Expected = digest }, call.Cancelled);
            await write.ResponseStream.MoveNext(call.Cancelled);
            return true;
        }));

        Assert.Empty(Directory.GetFiles(_project.Out("layout"), "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("sha256:../../../etc/passwd")]
    [InlineData("../index.json")]
    [InlineData("sha256:" + "ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789")]
    public async Task Blob_WhoseDigestIsAPath_IsRefused(string digest)
    {
        var request = _project.Request() with { OciLayouts = new Dictionary<string, string> { ["mine"] = _project.Path } };

        var error = await SolveAsync(request, (session, _) => Assert.ThrowsAsync<RpcException>(() => session.CallAsync(
            "/containerd.services.content.v1.Content/Info", new PodExecutor.BuildKit.Wire.Content.InfoRequest { Digest = digest },
            PodExecutor.BuildKit.Wire.Content.InfoResponse.Parser, new Metadata { { "buildkit-attachable-store-id", "oci:mine" } })));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task TokenAuthority_ForALogin_SignsWithTheKeyItTold()
    {
        var salt = ByteString.CopyFromUtf8("salt");
        var payload = "payload"u8.ToArray();
        var request = _project.Request() with { RegistryAuth = Testbed.Login(RegistryTokens.OnTheClient, "registry.example") };

        var (key, signed, without) = await SolveAsync(request, async (session, _) =>
        {
            const string service = "/moby.filesync.v1.Auth/";
            var key = await session.CallAsync(
                service + "GetTokenAuthority", new GetTokenAuthorityRequest { Host = "registry.example", Salt = salt }, GetTokenAuthorityResponse.Parser);
            var signed = await session.CallAsync(
                service + "VerifyTokenAuthority", new VerifyTokenAuthorityRequest { Host = "registry.example", Salt = salt, Payload = ByteString.CopyFrom(payload) },
                VerifyTokenAuthorityResponse.Parser);
            var without = await Assert.ThrowsAsync<RpcException>(() => session.CallAsync(
                service + "GetTokenAuthority", new GetTokenAuthorityRequest { Host = "other.example", Salt = salt }, GetTokenAuthorityResponse.Parser));
            return (key.PublicKey.ToByteArray(), signed.Signed.ToByteArray(), without.StatusCode);
        });

        Assert.Equal(payload, signed[Ed25519.SignatureSize..]);
        Assert.True(Ed25519.Verify(signed, 0, key, 0, payload, 0, payload.Length));
        Assert.Equal(StatusCode.Unavailable, without);
    }

    [Fact]
    public async Task Upload_FetchedTwice_IsThereOnce()
    {
        var request = _project.Request() with { Uploads = new Dictionary<string, Stream> { ["a"] = new MemoryStream("content"u8.ToArray()) } };
        var metadata = new Metadata { { "urlpath", "/a" }, { "urlhost", "buildkit-session" } };

        var (content, again) = await SolveAsync(request, async (session, call) =>
        {
            using var first = session.Open("/moby.upload.v1.Upload/Pull", GetSecretResponse.Parser, metadata, call.Cancelled);   // {data=1} as well
            Assert.True(await first.ResponseStream.MoveNext(call.Cancelled));
            var content = first.ResponseStream.Current.Data.ToStringUtf8();
            Assert.False(await first.ResponseStream.MoveNext(call.Cancelled));
            using var second = session.Open("/moby.upload.v1.Upload/Pull", GetSecretResponse.Parser, metadata, call.Cancelled);
            return (content, (await Assert.ThrowsAsync<RpcException>(() => second.ResponseStream.MoveNext(call.Cancelled))).StatusCode);
        });

        Assert.Equal(("content", StatusCode.NotFound), (content, again));
    }

    [Fact]
    public async Task Secret_BeyondTheLimit_IsRefusedByName()
    {
        var request = _project.Request() with
        {
            Secrets = new Dictionary<string, SecretSource> { ["big"] = SecretSource.FromValue(new byte[SecretSource.MaxSize + 1]) },
        };

        var error = await Assert.ThrowsAsync<BuildKitException>(() => SolveAsync<bool>(request, async (session, _) =>
        {
            await session.CallAsync("/moby.buildkit.secrets.v1.Secrets/GetSecret", new GetSecretRequest { Id = "big" }, GetSecretResponse.Parser);
            return true;
        }));

        Assert.Contains("\"big\"", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Newer daemons than this client ask for more: they are told so, and the build goes on.</summary>
    [Theory]
    [InlineData("/moby.buildkit.v1.sourcepolicy.PolicyVerifier/CheckPolicy")]
    [InlineData("/moby.filesync.v1.FileSync/NotThere")]
    [InlineData("/no.such.Service/Do")]
    public async Task Call_ThatThisClientDoesNotKnow_IsUnimplementedAndHarmsNothing(string path)
    {
        _project.Write("file", "x");

        var (unary, streaming, stats) = await SolveAsync(_project.Request(), async (session, call) =>
        {
            var request = new GetSecretRequest { Id = new string('x', 100_000) };   // {field 1}: any message
            var unary = await Assert.ThrowsAsync<RpcException>(() => session.CallAsync(path, request, GetSecretResponse.Parser));
            using var stream = session.Open(path, GetSecretResponse.Parser, [], call.Cancelled);
            var streaming = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext(call.Cancelled));   // although nobody has ended the request
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            var stats = await copy.ReadStatsAsync(call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return (unary, streaming, stats);
        });

        Assert.Equal((StatusCode.Unimplemented, StatusCode.Unimplemented), (unary.StatusCode, streaming.StatusCode));
        Assert.Contains(path, unary.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("file", Assert.Single(stats).Path);
    }

    private async Task<T> SolveAsync<T>(PodExecutor.BuildKit.SolveRequest request, Func<FakeSession, SolveCall, Task<T>> build)
    {
        T? result = default;
        _daemon.OnSolve = async (session, call) =>
        {
            result = await build(session, call);
            return new SolveResponse();
        };
        await using var client = _daemon.Connect();
        await client.SolveAsync(request, cancellation: Token);
        return result!;
    }
}
