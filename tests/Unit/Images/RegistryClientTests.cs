using System.Text;
using Microsoft.AspNetCore.Http;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Agent.Transfers;
using PodExecutor.Tests.Unit.Artifacts;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>What a registry answers, and what becomes of it. Real registries: tests/Images/SplitTests.</summary>
public sealed class RegistryClientTests : IDisposable
{
    private static readonly Manifest Index = new(Manifest.OciIndex, "{\"manifests\":[]}"u8.ToArray());

    private readonly ImageDesk _desk = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _desk.Dispose();

    [Fact]
    public async Task Put_OfARegistryThatIsBusyOnce_IsTriedAgain()
    {
        await using var server = await CoordinatorDouble.StartAsync((context, number) => AnswerAsync(context, context.Request.Method == "PUT" && number < 3 ? 503 : 201));
        using var registry = Client(server);

        await registry.PutAsync("1", Index, Cancel);

        Assert.Equal(2, server.Requests.Count(r => r.Method == "PUT" && r.Path == "/v2/group/app/manifests/1"));
        Assert.Contains("answers 503", _desk.Log);
    }

    [Theory]
    [InlineData(401, "no login was used: add one by `docker login")]
    [InlineData(403, "no login was used: add one by `docker login")]
    [InlineData(400, "answers 400 Bad Request to PUT of")]
    public async Task Put_ThatIsRefused_FailsOnceAndSaysWhy(int status, string expected)
    {
        await using var server = await CoordinatorDouble.StartAsync((context, _) => AnswerAsync(context, context.Request.Method == "PUT" ? status : 200));
        using var registry = Client(server);

        var failure = await Assert.ThrowsAsync<TransferException>(() => registry.PutAsync("1", Index, Cancel));

        Assert.Contains(expected, failure.Message);
        Assert.Single(server.Requests, r => r.Method == "PUT");
    }

    [Fact]
    public async Task Get_WithAToken_AsksTheRealmForTheRepositoryAndSendsTheLoginNowhereElse()
    {
        var seen = new List<string>();
        await using var server = await CoordinatorDouble.StartAsync((context, _) =>
        {
            var authorization = context.Request.Headers.Authorization.ToString();
            lock (seen)
            {
                seen.Add($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {authorization}".TrimEnd());
            }

            if (context.Request.Path == "/token")
            {
                // As GitLab's: it knows no POST.
                return AnswerAsync(context, context.Request.Method == "GET" ? 200 : 404, "{\"token\":\"t0ken\"}");
            }

            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"the, registry\",scope=\"repository:x:pull,push\"";
            return authorization == "Bearer t0ken" ? AnswerAsync(context, 200, Encoding.UTF8.GetString(Index.Content)) : AnswerAsync(context, 401);
        });
        (_desk.Variables["CI_REGISTRY"], _desk.Variables["CI_REGISTRY_USER"], _desk.Variables["CI_REGISTRY_PASSWORD"]) = (Host(server), "ci", "s3cret");
        using var registry = Client(server);

        var manifest = await registry.GetAsync(Index.Digest, Cancel);
        await registry.GetAsync(Index.Digest, Cancel);

        Assert.Equal(Index.Content, manifest.Content);
        var basic = "Basic " + Convert.ToBase64String("ci:s3cret"u8);
        Assert.Equal(
            [
                "GET /v2/",
                "POST /token",
                $"GET /token?service=the%2C%20registry&scope=repository%3Agroup%2Fapp%3Apull%2Cpush&account=ci {basic}",
                $"GET /v2/group/app/manifests/{Index.Digest} Bearer t0ken",
                $"GET /v2/group/app/manifests/{Index.Digest} Bearer t0ken",
            ],
            seen);
    }

    [Fact]
    public async Task Put_ToARegistryThatLetsAnybodyRead_LogsInWhenItIsAsked()
    {
        await using var server = await CoordinatorDouble.StartAsync((context, _) =>
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"writers\"";
            return AnswerAsync(context, context.Request.Method == "GET" ? 200 : context.Request.Headers.Authorization.ToString().StartsWith("Basic ", StringComparison.Ordinal) ? 201 : 401);
        });
        (_desk.Variables["CI_REGISTRY"], _desk.Variables["CI_REGISTRY_USER"], _desk.Variables["CI_REGISTRY_PASSWORD"]) = (Host(server), "ci", "s3cret");
        using var registry = Client(server);

        await registry.PutAsync("1", Index, Cancel);

        Assert.Equal(["GET", "PUT", "PUT"], server.Requests.Select(r => r.Method));
    }

    [Fact]
    public async Task Login_OfARegistryThatLeadsElsewhere_DoesNotFollow()
    {
        await using var elsewhere = await CoordinatorDouble.StartAsync((context, _) =>
        {
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"mine\"";
            return AnswerAsync(context, 401);
        });
        await using var server = await CoordinatorDouble.StartAsync((context, _) =>
        {
            // "localhost" is another host than 127.0.0.1.
            context.Response.Headers.Location = new UriBuilder(elsewhere.Url) { Host = "localhost", Path = "/v2/" }.ToString();
            return AnswerAsync(context, context.Request.Method == "GET" ? 307 : 201);
        });
        (_desk.Variables["CI_REGISTRY"], _desk.Variables["CI_REGISTRY_USER"], _desk.Variables["CI_REGISTRY_PASSWORD"]) = (Host(server), "ci", "s3cret");
        using var registry = Client(server);

        await registry.PutAsync("1", Index, Cancel);

        Assert.Equal(["GET"], elsewhere.Requests.Select(r => r.Method));
        Assert.Equal(["GET", "PUT"], server.Requests.Select(r => r.Method));
    }

    [Fact]
    public async Task Put_ToARegistryThatJustStarts_IsTriedAgain()
    {
        await using var server = await CoordinatorDouble.StartAsync((context, number) => AnswerAsync(context, number == 1 ? 503 : 201));
        using var registry = Client(server);

        await registry.PutAsync("1", Index, Cancel);

        Assert.Equal(["GET", "GET", "PUT"], server.Requests.Select(r => r.Method));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(403)]
    public async Task Reach_OfSomethingThatIsNoRegistry_SaysWhatItAnswers(int status)
    {
        await using var server = await CoordinatorDouble.StartAsync(status);
        using var registry = Client(server);

        Assert.Contains($"answers {status}", await registry.IsOutOfReachAsync(Cancel));
    }

    [Fact]
    public async Task Get_OfOtherBytesThanTheDigestSays_IsNotBelieved()
    {
        await using var server = await CoordinatorDouble.StartAsync((context, _) => AnswerAsync(context, 200, "{}"));
        using var registry = Client(server);

        var failure = await Assert.ThrowsAsync<TransferException>(() => registry.GetAsync(Index.Digest, Cancel));

        Assert.Contains("with something else (sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a)", failure.Message);
    }

    [Fact]
    public async Task Get_OfWhatIsNotThere_IsMissing()
    {
        await using var server = await CoordinatorDouble.StartAsync((context, _) => AnswerAsync(context, context.Request.Path == "/v2/" ? 200 : 404, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}"));
        using var registry = Client(server);

        var failure = await Assert.ThrowsAsync<TransferException>(() => registry.GetAsync(Index.Digest, Cancel));
        Assert.True(failure.IsMissing);
        Assert.EndsWith("/group/app (manifest unknown).", failure.Message);
    }

    [Fact]
    public async Task Reach_OfNobody_SaysWhyAndOfARefusal_IsThere()
    {
        await using var server = await CoordinatorDouble.StartAsync(401);
        using var there = Client(server);
        using var nobody = new RegistryClient(ImageReference.Parse("127.0.0.1:1/a"), writes: false, Book(), insecure: false, _desk.Context());

        Assert.Null(await there.IsOutOfReachAsync(Cancel));
        Assert.Contains("refused", await nobody.IsOutOfReachAsync(Cancel));
    }

    [Theory]
    [InlineData("r.io", false, "https://r.io/v2/")]
    [InlineData("r.io:5000", true, "https://r.io:5000/v2/ http://r.io:5000/v2/")]
    [InlineData("localhost:5000", false, "https://localhost:5000/v2/ http://localhost:5000/v2/")]
    [InlineData("docker.io", false, "https://registry-1.docker.io/v2/")]
    public void Roots_AreWithTlsUnlessTheRegistryMayGoWithout(string registry, bool insecure, string expected) =>
        Assert.Equal(expected, string.Join(' ', RegistryHttp.Roots(registry, insecure)));

    private static string Host(CoordinatorDouble server) => new Uri(server.Url).Authority;

    private static Task AnswerAsync(HttpContext context, int status, string body = "")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = Manifest.OciIndex;
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    [Theory]
    [InlineData(null, "{\"mediaType\":\"own\"}", "own")]
    [InlineData("text/plain", "{\"mediaType\":\"own\"}", "own")]
    [InlineData("header", "{}", "header")]
    [InlineData("header", "[1]", "header")]
    [InlineData("header", "no json", "header")]
    public void MediaType_IsWhatTheManifestSaysOfItself(string? header, string content, string expected) =>
        Assert.Equal(expected, Manifest.Of(header, Encoding.UTF8.GetBytes(content)).MediaType);

    private RegistryClient Client(CoordinatorDouble server) => new(ImageReference.Parse(Host(server) + "/group/app:1"), writes: true, Book(), insecure: true, _desk.Context());

    private LoginBook Book() => new(_desk.Variables.GetValueOrDefault, Path.Combine(_desk.Folder, "none.json"));
}
