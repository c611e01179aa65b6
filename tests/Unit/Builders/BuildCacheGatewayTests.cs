using System.Net.Sockets;
using PodExecutor.Agent.Builders;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Transport;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link;
using PodExecutor.Link.Builders;
using SolveRequest = PodExecutor.BuildKit.Wire.Api.SolveRequest;

namespace PodExecutor.Tests.Unit.Builders;

/// <summary>The layer cache on S3, at the gateway: only a builder that can keep it gets the credential.</summary>
public sealed class BuildCacheGatewayTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("org.mobyproject.buildkit.worker.executor", true, "Layers are kept on S3: written as topic, read from topic, main.")]
    [InlineData("org.mobyproject.buildkit.worker.moby.host-gateway-ip", false, "The layer cache on S3 is off: the builder one has none")]
    public async Task Build_GetsTheCacheIfTheBuilderCanKeepIt(string label, bool gets, string note)
    {
        await using var builder = await FakeBuildKit.StartAsync(label);

        var (notes, solve) = await BuildAsync(builder, new BuildPolicy { Cache = Cache() });

        Assert.Contains(note, Assert.Single(notes), StringComparison.Ordinal);
        Assert.Equal(gets ? ["topic"] : [], solve.Cache.Exports.Select(e => e.Attrs["name"]));
        Assert.Equal(gets ? ["topic", "main"] : [], solve.Cache.Imports.Select(e => e.Attrs["name"]));
        Assert.Equal(gets, solve.ToString().Contains("s3-secret", StringComparison.Ordinal));
        Assert.Equal(gets, solve.FrontendAttrs.ContainsKey("cache-imports"));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("The layer cache is off: there is no login", 1)]
    public async Task Build_WithoutACache_TellsWhyIfOneWasWanted(string note, int lines)
    {
        await using var builder = await FakeBuildKit.StartAsync("org.mobyproject.buildkit.worker.executor");

        var (notes, solve) = await BuildAsync(builder, new BuildPolicy { CacheNote = note });

        Assert.Equal(Enumerable.Repeat(note, lines), notes);
        Assert.Empty(solve.Cache.Exports);
    }

    private static async Task<(IReadOnlyList<string> Notes, SolveRequest Solve)> BuildAsync(FakeBuildKit builder, BuildPolicy policy)
    {
        var folder = Directory.CreateTempSubdirectory("gw-").FullName;
        try
        {
            var sockets = new BuilderSockets(folder);
            var set = new BuilderSet { Builders = { new Builder { Name = "one", Address = builder.Address } }, Policy = policy };
            await using var gateway = await BuilderGateway.StartAsync(set, sockets, TimeProvider.System, Cancel);
            var chosen = await ChooseAsync(sockets);
            using var channel = ChannelFactory.Create(BuildKitEndpoint.Parse(chosen.Address, null), new BuildKitClientOptions());
            await new Control.ControlClient(channel).SolveAsync(new SolveRequest { Ref = "r", Frontend = "dockerfile.v0" }, cancellationToken: Cancel);
            return (chosen.Notes, Assert.Single(builder.Solves));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<ChosenBuilder> ChooseAsync(BuilderSockets sockets)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(sockets.Choose), Cancel);
        await using var stream = new NetworkStream(socket);
        using var reader = new FrameReader<BuilderNews>(stream, BuilderNews.Parser);
        using var asking = new FrameWriter<ChooseBuilder>(stream);
        await asking.WriteAsync(new ChooseBuilder(), Cancel);
        return (await reader.ReadAsync(Cancel))!.Chosen;
    }

    private static BuildCache Cache() => new()
    {
        Endpoint = "http://s3.test",
        Bucket = "b",
        AccessKey = "key",
        SecretKey = "s3-secret",
        Prefix = "p/non_protected/build/",
        Name = "topic",
        Sources = { new BuildCacheSource { Prefix = "p/non_protected/build/", Name = "topic" }, new BuildCacheSource { Prefix = "p/protected/build/", Name = "main" } },
    };
}
