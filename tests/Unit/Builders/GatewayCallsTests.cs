using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using PodExecutor.Agent.Builders;
using PodExecutor.Agent.Builders.Forwarding;
using PodExecutor.Agent.Builders.Policy;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Transport;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.BuildKit.Wire.Ops;
using PodExecutor.Link.Builders;
using PodExecutor.Tests.Unit.Pipelines;
using SolveRequest = PodExecutor.BuildKit.Wire.Api.SolveRequest;

namespace PodExecutor.Tests.Unit.Builders;

/// <summary>What of a job's calls reaches the builder, byte by byte.</summary>
public sealed class GatewayCallsTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    private readonly string _folder = Directory.CreateTempSubdirectory("gw-").FullName;
    private readonly ManualTime _time = new();
    private FakeBuildKit? _builder;
    private BuilderGateway? _gateway;
    private HttpMessageInvoker? _client;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }

        if (_builder is not null)
        {
            await _builder.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("project-7-open/theirs", "theirs")]
    [InlineData("project-7-open/")]
    public async Task Session_HasItsProjectsKey_WhateverItNames(string expected, params string[] keys)
    {
        var builder = await StartAsync(new BuildPolicy { CacheNamespace = "project-7-open" });

        await SendAsync(AllowedCalls.Session, [], (SessionProtocol.SharedKeyHeader, keys), (SessionProtocol.MethodHeader, ["/a", "/b"]));

        var headers = Assert.Single(builder.Sessions);
        Assert.Equal(expected, headers[SessionProtocol.SharedKeyHeader]);
        Assert.Equal("/a,/b", headers[SessionProtocol.MethodHeader].Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Solve_LosesTheFieldsThatNobodyHasJudged()
    {
        var builder = await StartAsync(new BuildPolicy());
        var known = new SolveRequest
        {
            Ref = "mine",
            Cache = new CacheOptions(),
            SourcePolicySession = "s",
            CompatibilityVersion = 20,
            Definition = new Definition { Def = { ByteString.CopyFrom(0x1a, 0) }, Metadata = { ["d"] = new OpMetadata { LinuxResources = ByteString.CopyFrom(8, 1) } } },
        };
        byte[] unknown = [0x9a, 0x06, 1, 0];   // field 99
        byte[] nested = [0x42, 4, .. unknown];   // within the cache options

        var (code, detail) = await SendAsync(AllowedCalls.Solve, [.. known.ToByteArray(), .. unknown, .. nested]);

        Assert.True(code == StatusCode.OK, detail);
        Assert.Equal(known, Assert.Single(builder.Solves));
    }

    [Fact]
    public async Task Build_OfAnotherJob_IsNeitherShownNorTaken()
    {
        var builder = await StartAsync(new BuildPolicy());
        builder.Others.Add("theirs");
        var theirs = new StatusRequest { Ref = "theirs" };

        var status = SendAsync(AllowedCalls.Status, theirs.ToByteArray());
        await Until.TrueAsync(() => _time.HasTimer(Patience), "the call to wait for its build");
        _time.Advance(Patience);
        var (statusCode, _) = await status;
        var ping = SendAsync("/moby.buildkit.v1.frontend.LLBBridge/Ping", [], (GatewayCall.BuildIdHeader, ["theirs"]));
        await Until.TrueAsync(() => _time.HasTimer(Patience), "the call to wait for its build");
        _time.Advance(Patience);
        var (pingCode, _) = await ping;
        var (solve, why) = await SendAsync(AllowedCalls.Solve, new SolveRequest { Ref = "theirs" }.ToByteArray());
        var (history, _) = await SendAsync(AllowedCalls.ListenHistory, new HistoryRequest { Ref = "theirs" }.ToByteArray());

        Assert.Equal((StatusCode.NotFound, StatusCode.NotFound, StatusCode.PermissionDenied, StatusCode.PermissionDenied), (statusCode, pingCode, solve, history));
        Assert.Contains("that this job has not begun", why);
        Assert.Empty(builder.Solves);
    }

    [Fact]
    public async Task Build_ThatIsRefused_IsNotTheJobsOwn()
    {
        var builder = await StartAsync(new BuildPolicy());

        var (solve, _) = await SendAsync(AllowedCalls.Solve, new SolveRequest { Ref = "r", Entitlements = { "security.insecure" } }.ToByteArray());
        var (history, _) = await SendAsync(AllowedCalls.ListenHistory, new HistoryRequest { Ref = "r" }.ToByteArray());

        Assert.Equal((StatusCode.PermissionDenied, StatusCode.PermissionDenied), (solve, history));
        Assert.Empty(builder.Solves);
    }

    [Fact]
    public async Task Calls_ThatComeBeforeTheirBuild_WaitForIt()
    {
        await StartAsync(new BuildPolicy());

        var status = SendAsync(AllowedCalls.Status, new StatusRequest { Ref = "mine" }.ToByteArray());
        await Until.TrueAsync(() => _time.HasTimer(Patience), "the call to wait for its build");
        await SendAsync(AllowedCalls.Solve, new SolveRequest { Ref = "other" }.ToByteArray());
        await SendAsync(AllowedCalls.Solve, new SolveRequest { Ref = "mine" }.ToByteArray());
        var (code, _) = await status;
        var (history, _) = await SendAsync(AllowedCalls.ListenHistory, new HistoryRequest { Ref = "mine" }.ToByteArray());
        var (again, _) = await SendAsync(AllowedCalls.Solve, new SolveRequest { Ref = "mine" }.ToByteArray());

        Assert.Equal((StatusCode.OK, StatusCode.OK, StatusCode.OK), (code, history, again));
    }

    [Fact]
    public async Task Builder_ThatDoesNotAnswerInTime_IsAStatusWithTheReason()
    {
        // The kernel takes the connection; nobody shakes hands.
        using var mute = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        mute.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        mute.Listen();
        await StartAsync(new BuildPolicy(), new Builder { Name = "mute", Address = $"tcp://127.0.0.1:{((IPEndPoint)mute.LocalEndPoint!).Port}", ServerName = "mute.test" });

        var (code, why) = await SendAsync("/moby.buildkit.v1.Control/Info", []);

        Assert.Equal(StatusCode.Unavailable, code);
        Assert.StartsWith("the builder mute is not reached or has gone: ", why);
    }

    private async Task<FakeBuildKit> StartAsync(BuildPolicy policy, Builder? other = null)
    {
        _builder = await FakeBuildKit.StartAsync("w");
        var sockets = new BuilderSockets(_folder);
        var set = new BuilderSet { Builders = { other ?? new Builder { Name = "one", Address = _builder.Address } }, Policy = policy };
        _gateway = await BuilderGateway.StartAsync(set, sockets, _time, Cancel);
        _client = new HttpMessageInvoker(ChannelFactory.CreateHandler(BuildKitEndpoint.Parse("unix://" + sockets.Builder(0)), new BuildKitClientOptions()));
        return _builder;
    }

    private async Task<(StatusCode Code, string Detail)> SendAsync(string path, byte[] message, params (string Name, string[] Values)[] headers)
    {
        byte[] frame = [0, 0, 0, 0, (byte)message.Length, .. message];
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("http://localhost" + path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { { "content-type", "application/grpc" } } },
        };
        foreach (var (name, values) in headers.Where(h => h.Values.Length > 0))
        {
            request.Headers.Add(name, values);
        }

        using var response = await _client!.SendAsync(request, Cancel);
        await response.Content.ReadAsByteArrayAsync(Cancel);
        string Field(string name) => response.TrailingHeaders.TryGetValues(name, out var trailing) || response.Headers.TryGetValues(name, out trailing) ? Uri.UnescapeDataString(trailing.First()) : "";
        return ((StatusCode)int.Parse(Field("grpc-status"), System.Globalization.CultureInfo.InvariantCulture), Field("grpc-message"));
    }
}
