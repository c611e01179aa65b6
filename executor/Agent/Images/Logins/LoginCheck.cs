using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace PodExecutor.Agent.Images.Logins;

/// <param name="Refused">The registry answered and does not take the login.</param>
/// <param name="NotAsked">The registry is not reached from this pod; the builder may reach it all the same.</param>
internal sealed record LoginVerdict(string? Refused = null, string? NotAsked = null);

/// <summary>Asks a registry whether it takes a login, as `docker login` does: GET /v2/, then Basic, or a token of the realm that it names.</summary>
internal sealed class LoginCheck(bool insecure)
{
    /// <summary>For everything together.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>For one connection, TLS included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public async Task<LoginVerdict> TryAsync(string registry, RegistryLogin login, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = true, ConnectTimeout = ConnectTimeout };
        if (insecure)
        {
#pragma warning disable CA5359 // --insecure-registry says exactly this.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        using var http = new HttpClient(handler);
        var first = await TryAsync(http, Scheme(registry), registry, login, patience.Token, cancel);
        return first.NotAsked is null || Scheme(registry) == "http" || !MayBePlain(registry)
            ? first
            : await TryAsync(http, "http", registry, login, patience.Token, cancel) is { NotAsked: null } plain ? plain : first;
    }

    private static async Task<LoginVerdict> TryAsync(HttpClient http, string scheme, string registry, RegistryLogin login, CancellationToken patience, CancellationToken cancel)
    {
        try
        {
            return await AskAsync(http, scheme, Host(registry), login, patience);
        }
        catch (HttpRequestException e)
        {
            return new LoginVerdict(NotAsked: Innermost(e));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Also what a connection that is not made in time ends with.
            return new LoginVerdict(NotAsked: "no answer in time");
        }
    }

    private static async Task<LoginVerdict> AskAsync(HttpClient http, string scheme, string host, RegistryLogin login, CancellationToken cancel)
    {
        var address = new Uri($"{scheme}://{host}/v2/");
        using var first = await http.GetAsync(address, cancel);
        if (first.StatusCode != HttpStatusCode.Unauthorized)
        {
            return first.IsSuccessStatusCode ? new LoginVerdict() : new LoginVerdict(NotAsked: $"it answers {(int)first.StatusCode} to {address}");
        }

        var bearer = first.Headers.WwwAuthenticate.FirstOrDefault(h => h.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase));
        using var request = new HttpRequestMessage(HttpMethod.Get, bearer is null ? address : TokenAddress(bearer.Parameter ?? "", login));
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.Username}:{login.Secret}")));
        using var second = await http.SendAsync(request, cancel);
        return second.IsSuccessStatusCode ? new LoginVerdict()
            : second.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? new LoginVerdict(Refused: $"it answers {(int)second.StatusCode}. Check user and password{(login.Username.Length == 0 ? " (the user is empty)" : "")}, and that the token has not expired")
                : new LoginVerdict(NotAsked: $"it answers {(int)second.StatusCode}");
    }

    // Bearer realm="https://gitlab.example.com/jwt/auth",service="container_registry"
    private static Uri TokenAddress(string parameters, RegistryLogin login)
    {
        var fields = parameters.Split(',').Select(p => p.Split('=', 2)).Where(p => p.Length == 2)
            .ToDictionary(p => p[0].Trim().ToLowerInvariant(), p => p[1].Trim().Trim('"'), StringComparer.Ordinal);
        var realm = fields.GetValueOrDefault("realm") ?? throw new HttpRequestException("it asks for a token and names no realm");
        return new Uri($"{realm}{(realm.Contains('?', StringComparison.Ordinal) ? '&' : '?')}account={Uri.EscapeDataString(login.Username)}&service={Uri.EscapeDataString(fields.GetValueOrDefault("service") ?? "")}");
    }

    // docker: registries on this machine may be plain without asking.
    private bool MayBePlain(string registry) => insecure || Host(registry).Split(':')[0] is "localhost" or "127.0.0.1";

    private static string Scheme(string registry) => registry.StartsWith("http://", StringComparison.Ordinal) ? "http" : "https";

    private static string Host(string registry) => RegistryHost.Canonical(registry) is var host && host == References.ImageReference.DockerHub ? "registry-1.docker.io" : host;

    private static string Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e.Message;
}
