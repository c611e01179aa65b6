using System.Net;
using System.Text;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Cache;

/// <summary>The driver's side of the store, against a real server that checks every signature.</summary>
public sealed class StoreTests
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("content");
    private static readonly string Digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Content));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("plain")]
    [InlineData("a b/c+d=e&f?g#h%20/ä€😀")]
    public async Task Object_UnderAnyName_IsWrittenReadSeenListedAndRemoved(string name)
    {
        var server = await S3Server.OpenAsync();
        using var store = server.Store();
        var full = $"{server.Folder}/{name}";

        Assert.Null(await store.LookAsync(full, Cancel));
        Assert.Null(await store.ReadAsync(full, 1000, Cancel));
        await store.WriteAsync(full, Content, Cancel);

        Assert.Equal(Content, await store.ReadAsync(full, 1000, Cancel));
        Assert.Null(await store.ReadAsync(full, Content.Length - 1, Cancel));
        Assert.Equal(Content.Length, (await store.LookAsync(full, Cancel))!.Size);
        Assert.Equal([full], (await store.ListAsync(server.Folder + "/", Cancel)).Select(o => o.Name));

        await store.RemoveAsync(full, Cancel);
        await store.RemoveAsync(full, Cancel);
        Assert.Null(await store.LookAsync(full, Cancel));
    }

    [Fact]
    public async Task Object_MadeYoungAgain_KeepsItsContent()
    {
        var server = await S3Server.OpenAsync();
        using var store = server.Store();
        var name = server.Folder + "/a b";
        await store.WriteAsync(name, Content, Cancel);
        var before = await store.LookAsync(name, Cancel);

        await Until.TrueAsync(async () => await store.RefreshAsync(name, Cancel) && (await store.LookAsync(name, Cancel))!.Modified > before!.Modified, "a younger object");

        Assert.Equal(Content, await store.ReadAsync(name, 1000, Cancel));
        Assert.False(await store.RefreshAsync(name + "-gone", Cancel));
    }

    [Fact]
    public async Task List_OfMoreThanOnePage_IsWhole()
    {
        var server = await S3Server.OpenAsync();
        using var store = server.Store();
        await Parallel.ForAsync(0, 1100, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, token) => await store.WriteAsync($"{server.Folder}/{i:0000}", [], token));

        var names = (await store.ListAsync(server.Folder + "/", Cancel)).Select(o => o.Name).ToList();

        Assert.Equal(Enumerable.Range(0, 1100).Select(i => $"{server.Folder}/{i:0000}"), names.Order());
    }

    [Fact]
    public async Task Grant_ForReading_IsForThisObjectAndThisDirectionOnly()
    {
        var server = await S3Server.OpenAsync();
        using var store = server.Store();
        await store.WriteAsync(server.Folder + "/mine", Content, Cancel);
        await store.WriteAsync(server.Folder + "/other", Content, Cancel);
        var grant = store.Grant(HttpMethod.Get, server.Folder + "/mine");

        Assert.Equal(HttpStatusCode.OK, await SendAsync(grant, grant.Url));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(grant, grant.Url.Replace("/mine?", "/other?", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(grant with { Method = "PUT" }, grant.Url, Content));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(grant with { Method = "DELETE" }, grant.Url));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(grant, grant.Url.Replace($"/{server.Folder}/mine?", "?list-type=2&", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(grant, grant.Url.Replace("Expires=300", "Expires=3000", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Grant_ForWriting_IsForItsContentOnly()
    {
        var server = await S3Server.OpenAsync();
        using var store = server.Store();
        var name = server.Folder + "/pack";
        var grant = store.Grant(HttpMethod.Put, name, Digest);

        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync(grant, grant.Url, Encoding.UTF8.GetBytes("CONTENT")));
        Assert.Null(await store.LookAsync(name, Cancel));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(grant with { Headers = new Dictionary<string, string>() }, grant.Url, Encoding.UTF8.GetBytes("CONTENT")));
        Assert.Null(await store.LookAsync(name, Cancel));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(grant, grant.Url, Content));
        Assert.Equal(Content, await store.ReadAsync(name, 1000, Cancel));
    }

    [Fact]
    public async Task Grant_ThatHasExpired_IsRefused()
    {
        var server = await S3Server.OpenAsync();
        using var past = server.Store(time: new ShiftedClock(TimeSpan.FromMinutes(-10)));
        await server.Store().WriteAsync(server.Folder + "/mine", Content, Cancel);

        var grant = past.Grant(HttpMethod.Get, server.Folder + "/mine");

        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(grant, grant.Url));
    }

    [Fact]
    public async Task Login_ThatIsWrong_IsSaidAndNotTriedAgain()
    {
        var server = await S3Server.OpenAsync();
        await using var proxy = await FaultyStore.StartAsync();
        using var store = server.Store(server.Options(proxy.Address), S3Server.Login with { SecretKey = "wrong" });

        foreach (var call in new Func<Task>[]
        {
            () => store.ReadAsync(server.Folder + "/x", 1, Cancel), () => store.LookAsync(server.Folder + "/x", Cancel), () => store.CheckAsync(Cancel),
            () => store.RemoveAsync(server.Folder + "/x", Cancel), () => store.WriteAsync(server.Folder + "/x", [], Cancel),
        })
        {
            var before = proxy.Requests;
            var refused = await Assert.ThrowsAsync<StoreException>(call);
            Assert.Contains(" 403 ", refused.Message);
            Assert.Equal(before + 1, proxy.Requests);
            Assert.DoesNotContain("Signature=", refused.Message);
        }
    }

    [Fact]
    public async Task Bucket_ThatIsMissing_IsNamed()
    {
        var server = await S3Server.OpenAsync();
        var options = server.Options();
        using var store = server.Store(options with { S3 = options.S3 with { BucketName = "no-such-bucket" } });

        Assert.Contains("bucket_name", (await Assert.ThrowsAsync<StoreException>(() => store.CheckAsync(Cancel))).Message);
        Assert.Contains("bucket_name", (await Assert.ThrowsAsync<StoreException>(() => store.ReadAsync("x", 1, Cancel))).Message);
        Assert.Contains("bucket_name", (await Assert.ThrowsAsync<StoreException>(() => store.WriteAsync("x", [], Cancel))).Message);
    }

    [Fact]
    public async Task Clock_ThatIsWrong_IsSaid()
    {
        var server = await S3Server.OpenAsync();
        using var store = server.Store(time: new ShiftedClock(TimeSpan.FromHours(-3)));

        var refused = await Assert.ThrowsAsync<StoreException>(() => store.ReadAsync(server.Folder + "/x", 1, Cancel));

        Assert.Contains("its clock and ours differ by 180 minutes", refused.Message);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task Trouble_ThatPasses_IsTriedAgain(int status)
    {
        var server = await S3Server.OpenAsync();
        await using var proxy = await FaultyStore.StartAsync();
        proxy.Fault = (context, number) => number % 3 == 0 ? Task.FromResult(false) : FaultyStore.AnswerAsync(context, status, "SlowDown");
        using var store = server.Store(server.Options(proxy.Address));

        await store.WriteAsync(server.Folder + "/x", Content, Cancel);
        Assert.Equal(Content.Length, (await store.LookAsync(server.Folder + "/x", Cancel))!.Size);
        Assert.Equal(Content, await store.ReadAsync(server.Folder + "/x", 100, Cancel));
        Assert.Single(await store.ListAsync(server.Folder + "/", Cancel));
        await store.RemoveAsync(server.Folder + "/x", Cancel);

        Assert.Equal(15, proxy.Requests);
    }

    [Fact]
    public async Task RetryAfter_IsWaitedFor()
    {
        var server = await S3Server.OpenAsync();
        await using var proxy = await FaultyStore.StartAsync();
        proxy.Fault = (context, number) => number > 1 ? Task.FromResult(false) : FaultyStore.AnswerAsync(context, 503, "SlowDown", retryAfter: "2");
        using var store = server.Store(server.Options(proxy.Address));
        var begin = TimeProvider.System.GetTimestamp();

        await store.WriteAsync(server.Folder + "/x", Content, Cancel);

        Assert.True(TimeProvider.System.GetElapsedTime(begin) >= TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Answer_CutAtAnyByte_IsTriedAgain()
    {
        var server = await S3Server.OpenAsync();
        await using var proxy = await FaultyStore.StartAsync();
        var content = new byte[200];
        Random.Shared.NextBytes(content);
        await server.Store().WriteAsync(server.Folder + "/x", content, Cancel);
        using var store = server.Store(server.Options(proxy.Address));
        for (var at = 0; at < content.Length; at += 20)
        {
            var (cut, first) = (at, proxy.Requests + 1);
            proxy.CutAfter = (_, number) => number == first ? cut : null;

            Assert.Equal(content, await store.ReadAsync(server.Folder + "/x", 1000, Cancel));
            Assert.Equal(first + 1, proxy.Requests);
        }
    }

    [Fact]
    public async Task Server_ThatIsAway_FailsWithinTheBudget()
    {
        var server = await S3Server.OpenAsync();
        using var store = server.Store(server.Options(S3Server.Nobody()) with { RetryBudget = TimeSpan.FromSeconds(1) });

        var away = await Assert.ThrowsAsync<StoreException>(() => store.LookAsync("x", Cancel));

        Assert.True(away.IsTransient);
        Assert.Contains("cannot be reached", away.Message);
    }

    [Fact]
    public async Task Server_ThatTrickles_FailsWithinTheTimeout()
    {
        var server = await S3Server.OpenAsync();
        await using var proxy = await FaultyStore.StartAsync();
        proxy.Fault = async (context, _) =>
        {
            context.Response.ContentLength = 1_000_000;
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (!context.RequestAborted.IsCancellationRequested && await pace.WaitForNextTickAsync())
            {
                await context.Response.Body.WriteAsync(new byte[1]);
                await context.Response.Body.FlushAsync();
            }

            return true;
        };
        using var store = server.Store(server.Options(proxy.Address) with { RequestTimeout = TimeSpan.FromSeconds(1), RetryBudget = TimeSpan.Zero });

        var slow = await Assert.ThrowsAsync<StoreException>(() => store.ReadAsync(server.Folder + "/x", 1, Cancel));

        Assert.Contains("does not answer within 1 s", slow.Message);
    }

    private static async Task<HttpStatusCode> SendAsync(SignedRequest grant, string url, byte[]? content = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(grant.Method), url) { Content = content is null ? null : new ByteArrayContent(content) };
        foreach (var (name, value) in grant.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await client.SendAsync(request, Cancel);
        return response.StatusCode;
    }
}
