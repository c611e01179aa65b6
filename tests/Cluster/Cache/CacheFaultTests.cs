using System.Globalization;
using Microsoft.AspNetCore.Http;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Cache;

/// <summary>Jobs whose store breaks: the job's result is right, and what is restored is whole or nothing.</summary>
public sealed class CacheFaultTests(TestCluster cluster)
{
    private const string Key = "k";

    /// <summary>Noise, so that it is as long in the store: some hundred kilobytes in a few packs or one.</summary>
    private const string Build = "mkdir -p target; for i in 1 2 3 4 5 6 7 8; do head -c 65536 /dev/urandom > target/$i; done; (cd target && sha256sum 1 2 3 4 5 6 7 8 > sums); echo built";

    private const string WholeOrNothing = "if [ -e target ]; then (cd target && sha256sum -c --quiet sums) && echo who'le'; else echo no'thing'; fi";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(100_000)]
    [InlineData(400_000)]
    public async Task Download_CutOnce_IsMendedOrAMiss(int at)
    {
        var (server, proxy) = await SavedAsync();
        await using var _ = proxy;
        var cuts = 0;
        proxy.CutAfter = (context, _) => IsPack(context, "GET") && Interlocked.Increment(ref cuts) == 1 ? at : null;

        var log = await RunAsync(server, proxy.Address, WholeOrNothing);

        Assert.Contains("\nwhole\n", log);
        Assert.True(cuts > 1, "the cut one is asked for again");
    }

    [Theory]
    [InlineData(500, null)]
    [InlineData(503, "1")]
    public async Task Downloads_RefusedForAWhile_AreTriedAgain(int status, string? retryAfter)
    {
        var (server, proxy) = await SavedAsync();
        await using var _ = proxy;
        var refused = 0;
        proxy.Fault = (context, _) => IsPack(context, "GET") && Interlocked.Increment(ref refused) <= 2
            ? FaultyStore.AnswerAsync(context, status, "SlowDown", retryAfter)
            : Task.FromResult(false);

        Assert.Contains("\nwhole\n", await RunAsync(server, proxy.Address, WholeOrNothing));
        Assert.True(refused > 2);
    }

    [Fact]
    public async Task Downloads_ThatNeverComeWhole_AreAMissAndNothingIsLeft()
    {
        var (server, proxy) = await SavedAsync();
        await using var _ = proxy;
        proxy.CutAfter = (context, _) => IsPack(context, "GET") ? 1000 : null;

        var log = await RunAsync(server, proxy.Address, WholeOrNothing);

        Assert.Contains("\nnothing\n", log);
        Assert.Contains("WARNING: Cache k", log);
    }

    [Fact]
    public async Task Pack_ThatIsDamaged_IsAMissAndNothingIsLeft()
    {
        var (server, proxy) = await SavedAsync();
        await using var _ = proxy;
        proxy.Fault = async (context, _) =>
        {
            if (!IsPack(context, "GET"))
            {
                return false;
            }

            await context.Response.Body.WriteAsync(new byte[600_000]);
            return true;
        };

        Assert.Contains("\nnothing\n", await RunAsync(server, proxy.Address, WholeOrNothing));
    }

    [Fact]
    public async Task Grants_ThatExpireOnTheWay_AreGrantedAnew()
    {
        var (server, proxy) = await SavedAsync();
        await using var _ = proxy;
        var late = 0;
        proxy.Fault = async (context, _) =>
        {
            if (IsPack(context, "GET") && Interlocked.Increment(ref late) == 1)
            {
                // The server then refuses it, as it would for a job that was too slow.
                await Until.TrueAsync(() => DateTimeOffset.UtcNow > Expiry(context.Request) + TimeSpan.FromSeconds(1), "the grant to expire");
            }

            return false;
        };

        Assert.Contains("\nwhole\n", await RunAsync(server, proxy.Address, WholeOrNothing, "grant_lifetime = 2"));
        Assert.True(late > 1, "it is asked for again");
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("500")]
    public async Task Uploads_ThatFailOnce_AreTriedAgain(string how)
    {
        var server = await S3Server.OpenAsync();
        await using var proxy = await FaultyStore.StartAsync();
        var failed = 0;
        proxy.Fault = (context, _) =>
        {
            if (!IsPack(context, "PUT") || Interlocked.Increment(ref failed) > 1)
            {
                return Task.FromResult(false);
            }

            if (how == "500")
            {
                return FaultyStore.AnswerAsync(context, 500, "InternalError");
            }

            FaultyStore.Cut(context);
            return Task.FromResult(true);
        };

        await RunAsync(server, proxy.Address, Build);

        Assert.Contains("\nwhole\n", await RunAsync(server, S3Server.Address, WholeOrNothing));
    }

    [Fact]
    public async Task Uploads_ThatAlwaysFail_LeaveTheSaveOfBefore()
    {
        var (server, proxy) = await SavedAsync();
        await using var _ = proxy;
        proxy.Fault = (context, _) => IsPack(context, "PUT") ? FaultyStore.AnswerAsync(context, 503, "SlowDown") : Task.FromResult(false);

        var log = await RunAsync(server, proxy.Address, Build);

        Assert.Contains("WARNING: Cache k", log);
        Assert.Contains("\nwhole\n", await RunAsync(server, S3Server.Address, WholeOrNothing));
    }

    [Fact]
    public async Task Store_ThatIsAway_CostsOneWarningPerStageAndNoJob()
    {
        var server = await S3Server.OpenAsync();

        var log = await RunAsync(server, S3Server.Nobody().Replace("127.0.0.1", TestCluster.NodeAddress, StringComparison.Ordinal), Build, "retry_budget = 1");

        Assert.Contains("\nbuilt\n", log);
        Assert.Equal(2, log.Split("cannot be reached").Length - 1);
    }

    [Fact]
    public async Task Store_WhoseClockIsWrong_IsSaid()
    {
        var (server, proxy) = await SavedAsync();
        await using var _ = proxy;
        proxy.Fault = (context, _) =>
        {
            context.Response.Headers.Date = DateTimeOffset.UtcNow.AddHours(-2).ToString("R", CultureInfo.InvariantCulture);
            return FaultyStore.AnswerAsync(context, 403, "RequestTimeTooSkewed");
        };

        var log = await RunAsync(server, proxy.Address, WholeOrNothing);

        Assert.Contains("\nnothing\n", log);
        Assert.Contains("clock and ours differ by 120 minutes", log);
    }

    [Fact]
    public async Task Workspace_ThatIsFull_IsAMissAndNothingIsLeft()
    {
        var (server, proxy) = await SavedAsync();
        await using var _ = proxy;
        var disk = Directory.CreateTempSubdirectory("disk-").FullName;
        await Shell.RunAsync("mount", "-t", "tmpfs", "-o", "size=300k,mode=777", "tmpfs", disk);
        try
        {
            var volume = $"""
                [[kubernetes.volumes.host_path]]
                name = "small"
                mount_path = "/builds"
                host_path = "{disk}"
                """;

            Assert.Contains("\nnothing\n", await RunAsync(server, S3Server.Address, WholeOrNothing, tables: volume));
        }
        finally
        {
            await Until.TrueAsync(async () => (await Shell.TryAsync("umount", disk)).Code == 0, "the pod to let go of its disk");
            Directory.Delete(disk);
        }
    }

    private static bool IsPack(HttpContext context, string method) =>
        context.Request.Method == method && context.Request.Path.Value!.Contains("/packs/", StringComparison.Ordinal);

    private static DateTimeOffset Expiry(HttpRequest request) =>
        DateTimeOffset.ParseExact(request.Query["X-Amz-Date"]!, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)
        + TimeSpan.FromSeconds(double.Parse(request.Query["X-Amz-Expires"]!, CultureInfo.InvariantCulture));

    /// <summary>A store with a cache in it, and a proxy before it that does nothing yet.</summary>
    private async Task<(S3Server Server, FaultyStore Proxy)> SavedAsync()
    {
        var server = await S3Server.OpenAsync();
        await RunAsync(server, S3Server.Address, Build);
        return (server, await FaultyStore.StartAsync());
    }

    private async Task<string> RunAsync(S3Server server, string address, string script, string more = "", string tables = "")
    {
        var request = new JobRequest(script)
        {
            Cache = [new PayloadCache { Key = Key, Paths = ["target"] }],
            Options = tables + "\n" + server.Toml(address, more),
        };
        await using var job = new TestJob(cluster, request);
        var outcome = await job.RunAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(job.Log.Text);
        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        return job.Log.Text;
    }
}
