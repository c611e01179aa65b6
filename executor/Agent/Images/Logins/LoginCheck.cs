using System.Net;
using PodExecutor.Agent.Images.Registries;

namespace PodExecutor.Agent.Images.Logins;

/// <param name="Refused">The registry answered and does not take the login.</param>
/// <param name="NotAsked">The registry is not reached from this pod; the builder may reach it all the same.</param>
internal sealed record LoginVerdict(string? Refused = null, string? NotAsked = null);

/// <summary>Asks a registry whether it takes a login, as `docker login` does: GET /v2/, then Basic, or a token of the realm that it names.</summary>
/// <param name="extraAuthority">A PEM bundle that is trusted besides the system's, or null.</param>
internal sealed class LoginCheck(bool insecure, string? extraAuthority)
{
    /// <summary>For everything together.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>For one connection, TLS included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public async Task<LoginVerdict> TryAsync(string registry, RegistryLogin login, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        using var http = new HttpClient(RegistryHttp.Handler(registry, insecure, extraAuthority, ConnectTimeout));
        var roots = RegistryHttp.Roots(registry, insecure);
        var first = await TryAsync(http, roots[0], login, patience.Token, cancel);
        return first.NotAsked is null || roots.Count == 1 ? first : await TryAsync(http, roots[1], login, patience.Token, cancel) is { NotAsked: null } plain ? plain : first;
    }

    private static async Task<LoginVerdict> TryAsync(HttpClient http, Uri root, RegistryLogin login, CancellationToken patience, CancellationToken cancel)
    {
        try
        {
            return await AskAsync(http, root, login, patience);
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

    private static async Task<LoginVerdict> AskAsync(HttpClient http, Uri address, RegistryLogin login, CancellationToken cancel)
    {
        using var first = await http.GetAsync(address, cancel);
        if (first.StatusCode != HttpStatusCode.Unauthorized)
        {
            return first.IsSuccessStatusCode ? new LoginVerdict() : new LoginVerdict(NotAsked: $"it answers {(int)first.StatusCode} to {address}");
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, RegistryChallenge.Read(first) is { Realm: { } realm } challenge ? TokenAddress(realm, challenge.Service, login) : address);
        request.Headers.Authorization = RegistryHttp.Basic(login);
        using var second = await http.SendAsync(request, cancel);
        return second.IsSuccessStatusCode ? new LoginVerdict()
            : second.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? new LoginVerdict(Refused: $"it answers {(int)second.StatusCode}. Check user and password{(login.Username.Length == 0 ? " (the user is empty)" : "")}, and that the token has not expired")
                : new LoginVerdict(NotAsked: $"it answers {(int)second.StatusCode}");
    }

    private static Uri TokenAddress(Uri realm, string service, RegistryLogin login) =>
        new($"{realm}{(realm.Query.Length > 0 ? '&' : '?')}account={Uri.EscapeDataString(login.Username)}&service={Uri.EscapeDataString(service)}");

    private static string Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e.Message;
}
