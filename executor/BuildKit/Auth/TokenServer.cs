using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using PodExecutor.BuildKit.Wire.Session;

namespace PodExecutor.BuildKit.Auth;

/// <summary>
/// A registry's token server: OAuth2's POST first, and the older GET where the server does not know it.
/// https://distribution.github.io/distribution/spec/auth/oauth/ and …/auth/token/
/// </summary>
internal sealed class TokenServer(BuildKitClientOptions options) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);   // the daemon gives up after 60

    private readonly HttpClient _http = new(options.RegistryHandler?.Invoke() ?? new SocketsHttpHandler()) { Timeout = Patience };

    /// <exception cref="BuildKitException">The server refuses or cannot be reached. The message holds no secret.</exception>
    public async Task<FetchTokenResponse> FetchAsync(FetchTokenRequest request, RegistryCredential? login, CancellationToken cancellation)
    {
        try
        {
            if (login is not null)
            {
                using var posted = await _http.SendAsync(Post(request, login), cancellation).ConfigureAwait(false);
                if (posted.IsSuccessStatusCode || !IsUnknownThere(posted.StatusCode))
                {
                    return await ReadAsync(posted, request, login, cancellation).ConfigureAwait(false);
                }
            }

            using var got = await _http.SendAsync(Get(request, login), cancellation).ConfigureAwait(false);
            return await ReadAsync(got, request, login, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException error)
        {
            throw new BuildKitException($"The token server {request.Realm} of the registry {request.Host} cannot be reached: {error.Message}", error);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new BuildKitException($"The token server {request.Realm} of the registry {request.Host} has not answered for {Patience.TotalSeconds:0} s.", error);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>What servers without the OAuth2 endpoint say to POST. GitLab's says 404, others refuse the login in a form but take it as Basic.</summary>
    private static bool IsUnknownThere(HttpStatusCode code) =>
        code is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest;

    private static HttpRequestMessage Post(FetchTokenRequest request, RegistryCredential login)
    {
        var form = new Dictionary<string, string>
        {
            ["client_id"] = request.ClientId.Length > 0 ? request.ClientId : "buildkit-client",
            ["service"] = request.Service,
            ["scope"] = string.Join(' ', request.Scopes),
        };
        if (login.UserName.Length == 0)
        {
            form["grant_type"] = "refresh_token";
            form["refresh_token"] = login.Secret;
        }
        else
        {
            form["grant_type"] = "password";
            form["username"] = login.UserName;
            form["password"] = login.Secret;
        }

        return new HttpRequestMessage(HttpMethod.Post, request.Realm) { Content = new FormUrlEncodedContent(form) };
    }

    private static HttpRequestMessage Get(FetchTokenRequest request, RegistryCredential? login)
    {
        var query = new StringBuilder(request.Realm).Append(request.Realm.Contains('?', StringComparison.Ordinal) ? '&' : '?');
        query.Append("service=").Append(Uri.EscapeDataString(request.Service));
        foreach (var scope in request.Scopes.SelectMany(scope => scope.Split(' ')))
        {
            query.Append("&scope=").Append(Uri.EscapeDataString(scope));
        }

        if (login is { UserName.Length: > 0 })
        {
            query.Append("&account=").Append(Uri.EscapeDataString(login.UserName));
        }

        var message = new HttpRequestMessage(HttpMethod.Get, query.ToString());
        if (login is not null)
        {
            var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.UserName}:{login.Secret}"));
            message.Headers.Authorization = new AuthenticationHeaderValue("Basic", basic);
        }

        return message;
    }

    private static async Task<FetchTokenResponse> ReadAsync(
        HttpResponseMessage response, FetchTokenRequest request, RegistryCredential? login, CancellationToken cancellation)
    {
        if (!response.IsSuccessStatusCode)
        {
            var who = login is null ? "without a login" : $"with the {login}";
            throw new BuildKitException(
                $"The registry {request.Host} gives no access to {string.Join(' ', request.Scopes)} {who}: its token server {request.Realm} answers {(int)response.StatusCode} {response.ReasonPhrase}.",
                new HttpRequestException(response.ReasonPhrase, null, response.StatusCode));
        }

        try
        {
            using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
            var token = Text(json.RootElement, "token") ?? Text(json.RootElement, "access_token") ?? throw new JsonException("no token is in it");
            return new FetchTokenResponse
            {
                Token = token,
                ExpiresIn = json.RootElement.TryGetProperty("expires_in", out var seconds) && seconds.TryGetInt64(out var number) ? number : 0,
                IssuedAt = DateTimeOffset.TryParse(Text(json.RootElement, "issued_at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                    ? time.ToUnixTimeSeconds()
                    : 0,
            };
        }
        catch (JsonException error)
        {
            throw new BuildKitException($"The token server {request.Realm} of the registry {request.Host} answers something that is no token: {error.Message}", error);
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
