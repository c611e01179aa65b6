using Grpc.Core;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>How Solve, Status and Session begin and end together.</summary>
public sealed class LifeTests : IAsyncDisposable
{
    private readonly FakeDaemon _daemon = new();

    private readonly Project _project = new(root: "/dev/shm");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        _project.Dispose();
    }

    [Fact]
    public async Task Session_ClosedInTheMiddle_IsTheReasonOfTheFailure()
    {
        _daemon.OnSolve = (session, _) =>
        {
            session.Close();
            throw new SessionFault(StatusCode.Unknown, "no active session");
        };
        await using var client = _daemon.Connect(new BuildKitClientOptions { SessionEndGrace = TimeSpan.FromSeconds(60) });

        var error = await Assert.ThrowsAsync<SessionLostException>(() => client.SolveAsync(_project.Request(), cancellation: Token));

        Assert.Contains("no active session", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Session_ClosedWhenTheBuildNeedsItNoMore_FailsNothing()
    {
        _daemon.OnSolve = (session, _) =>
        {
            session.Close();
            return Task.FromResult(new SolveResponse());
        };
        await using var client = _daemon.Connect();

        await client.SolveAsync(_project.Request(), cancellation: Token);
    }

    [Fact]
    public async Task Connection_CutInTheMiddle_IsADaemonOutOfReach()
    {
        _daemon.OnSolve = async (_, call) =>
        {
            _daemon.CutConnections();
            await call.ForeverAsync();
            return new SolveResponse();
        };
        await using var client = _daemon.Connect();

        await Assert.ThrowsAsync<DaemonUnreachableException>(() => client.SolveAsync(_project.Request(), cancellation: Token));
    }

    [Fact]
    public async Task Cancel_InTheMiddleOfATransfer_EndsBothSides()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var given = new TaskCompletionSource();
        using (var file = File.OpenHandle(Path.Combine(_project.Context, "large"), FileMode.Create, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, 1L << 30);
        }

        _daemon.OnSolve = async (session, call) =>
        {
            call.Cancelled.Register(() => given.TrySetResult());
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            _ = await copy.ReadStatsAsync(call.Cancelled);
            await copy.RequestStream.WriteAsync(SentTree.Request(0), call.Cancelled);
            Assert.True(await copy.ResponseStream.MoveNext(call.Cancelled));
            await stop.CancelAsync();
            await call.ForeverAsync();
            return new SolveResponse();
        };
        await using var client = _daemon.Connect();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SolveAsync(_project.Request(), cancellation: stop.Token));

        await given.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.DoesNotContain(Directory.GetFiles("/proc/self/fd"), fd => new FileInfo(fd).LinkTarget?.StartsWith(_project.Context, StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task Status_ThatNeverEnds_IsGivenAGraceOnly()
    {
        _daemon.OnStatus = call => Wait.ForCancellationAsync(call.Cancelled);
        _daemon.OnSolve = (_, _) => throw new SessionFault(StatusCode.Unknown, "no such exporter");
        await using var client = _daemon.Connect(new BuildKitClientOptions { StatusGrace = TimeSpan.FromMilliseconds(50) });

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => client.SolveAsync(_project.Request(), _ => { }, Token));

        Assert.Equal("no such exporter", error.Message);
    }

    [Fact]
    public async Task Progress_ThatComesLate_IsStillDelivered()
    {
        var solved = new TaskCompletionSource();
        _daemon.OnStatus = async call =>
        {
            await call.StartAsync();
            await solved.Task;
            await call.SendAsync(new StatusResponse { Vertexes = { new PodExecutor.BuildKit.Wire.Api.Vertex { Digest = "d", Name = "last" } } });
        };
        _daemon.OnSolve = (_, _) =>
        {
            solved.SetResult();
            return Task.FromResult(new SolveResponse());
        };
        var log = new ProgressLog();
        await using var client = _daemon.Connect(new BuildKitClientOptions { StatusGrace = TimeSpan.FromSeconds(60) });

        await client.SolveAsync(_project.Request(), log.Add, Token);

        Assert.Equal("last", Assert.Single(log.Vertices).Name);
    }

    [Fact]
    public async Task Cancelled_ByTheDaemon_IsAFailure()
    {
        _daemon.OnSolve = (_, _) => throw new SessionFault(StatusCode.Cancelled, "context canceled");
        await using var client = _daemon.Connect();

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => client.SolveAsync(_project.Request(), cancellation: Token));

        Assert.Equal(1, error.StatusCode);
    }

    [Fact]
    public async Task Health_IsAnswered()
    {
        var status = PodExecutor.BuildKit.Wire.Session.HealthCheckResponse.Types.ServingStatus.Unknown;
        _daemon.OnSolve = async (session, _) =>
        {
            status = (await session.CallAsync(
                "/grpc.health.v1.Health/Check", new PodExecutor.BuildKit.Wire.Session.HealthCheckRequest(), PodExecutor.BuildKit.Wire.Session.HealthCheckResponse.Parser)).Status;
            return new SolveResponse();
        };
        await using var client = _daemon.Connect();

        await client.SolveAsync(_project.Request(), cancellation: Token);

        Assert.Equal(PodExecutor.BuildKit.Wire.Session.HealthCheckResponse.Types.ServingStatus.Serving, status);
    }

    [Fact]
    public async Task Request_OnTheWire_IsReadByOldDaemonsToo()
    {
        PodExecutor.BuildKit.Wire.Api.SolveRequest? seen = null;
        _daemon.OnSolve = (_, call) =>
        {
            seen = call.Request;
            return Task.FromResult(new SolveResponse());
        };
        await using var client = _daemon.Connect();
        var request = _project.Request(null, Export.Image("a/b", push: true)) with { CacheImports = [CacheEntry.Parse("type=registry,ref=a/cache")] };

        await client.SolveAsync(request, cancellation: Token);

        Assert.Equal("image", seen!.ExporterDeprecated);
        Assert.Equal("true", seen.ExporterAttrsDeprecated["push"]);
        Assert.Equal("image", Assert.Single(seen.Exporters).Type);
        Assert.NotNull(seen.Cache);
        Assert.Equal("""[{"Type":"registry","Attrs":{"ref":"a/cache"}}]""", seen.FrontendAttrs["cache-imports"]);
    }
}
