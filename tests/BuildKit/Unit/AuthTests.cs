using System.Net;
using System.Text;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Auth;
using PodExecutor.BuildKit.Wire.Session;

namespace PodExecutor.Tests.BuildKitClient.Unit;

public sealed class AuthTests
{
    private static readonly FetchTokenRequest Request = new()
    {
        Host = "registry.example",
        Realm = "http://token.example/auth?x=1",
        Service = "a service",
        Scopes = { "repository:a/b:pull,push", "repository:c:pull" },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_OfAnOAuthServer_IsPostedFor()
    {
        var asked = new List<string>();
        using var server = Server(async message =>
        {
            asked.Add($"{message.Method} {message.RequestUri} {(message.Content is null ? "" : await message.Content.ReadAsStringAsync(Token))}");
            return Answer(HttpStatusCode.OK, """{"access_token":"t","expires_in":90}""");
        });

        var token = await server.FetchAsync(Request, new RegistryCredential("me", "pass word"), Token);

        Assert.Equal(("t", 90), (token.Token, token.ExpiresIn));
        Assert.Contains("grant_type=password&username=me&password=pass+word", Assert.Single(asked), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.MethodNotAllowed)]
    [InlineData(HttpStatusCode.Unauthorized)]
    public async Task Token_OfAServerWithoutOAuth_IsGot(HttpStatusCode refusal)
    {
        HttpRequestMessage? got = null;
        using var server = Server(message =>
        {
            got = message;
            return Task.FromResult(message.Method == HttpMethod.Post ? Answer(refusal, "") : Answer(HttpStatusCode.OK, """{"token":"t","issued_at":"2020-01-01T00:00:00Z"}"""));
        });

        var token = await server.FetchAsync(Request, new RegistryCredential("me", "pw"), Token);

        Assert.Equal(("t", 1577836800), (token.Token, token.IssuedAt));
        Assert.Equal(
            "http://token.example/auth?x=1&service=a%20service&scope=repository%3Aa%2Fb%3Apull%2Cpush&scope=repository%3Ac%3Apull&account=me", got!.RequestUri!.AbsoluteUri);
        Assert.Equal(Convert.ToBase64String("me:pw"u8.ToArray()), got.Headers.Authorization!.Parameter);
    }

    [Fact]
    public async Task Token_ThatIsRefused_SaysForWhatAndHidesThePassword()
    {
        using var server = Server(_ => Task.FromResult(Answer(HttpStatusCode.Forbidden, "")));

        var error = await Assert.ThrowsAsync<BuildKitException>(() => server.FetchAsync(Request, new RegistryCredential("me", "geheim"), Token));

        Assert.Contains("repository:a/b:pull,push", error.Message, StringComparison.Ordinal);
        Assert.Contains("login of \"me\"", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_InsteadOfWhichAPageComes_IsSaid()
    {
        using var server = Server(_ => Task.FromResult(Answer(HttpStatusCode.OK, "<html>")));

        Assert.Contains("no token", (await Assert.ThrowsAsync<BuildKitException>(() => server.FetchAsync(Request, null, Token))).Message, StringComparison.Ordinal);
    }

    private static TokenServer Server(Func<HttpRequestMessage, Task<HttpResponseMessage>> answer) =>
        new(new BuildKitClientOptions { RegistryHandler = () => new Handler(answer) });

    private static HttpResponseMessage Answer(HttpStatusCode code, string body) => new(code) { Content = new StringContent(body, Encoding.UTF8) };

    private sealed class Handler(Func<HttpRequestMessage, Task<HttpResponseMessage>> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => answer(request);
    }
}
