using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Transfers;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Auth;
using PodExecutor.BuildKit.Wire.Session;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>The way into one repository: with or without TLS, and with which permission. The registry says it at the first request, and again whenever it answers 401.</summary>
/// <param name="writes">Asks for no more than is needed: a login that may only read is refused by some token servers otherwise.</param>
/// <param name="alsoReads">The path of another repository of the registry, or null.</param>
internal sealed class RegistryDoor(ImageReference repository, bool writes, LoginBook book, bool insecure, ImageContext context, string? alsoReads = null) : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http = new(NewHandler(repository, insecure, context)) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly RegistryLogin? _login = book.Find(repository.Registry);
    private Uri? _root;
    private AuthenticationHeaderValue? _authorization;

    /// <summary>Finds out how the registry is spoken to. Once is enough.</summary>
    /// <exception cref="TransferException">Something answers, but no registry that is at work.</exception>
    /// <exception cref="HttpRequestException">Nothing answers, or its certificate is not trusted.</exception>
    public async Task<Uri> KnockAsync(CancellationToken cancel)
    {
        if (_root is not null)
        {
            return _root;
        }

        var (asked, response) = await FirstAnswerAsync(RegistryHttp.Roots(repository.Registry, insecure), cancel);
        using var _ = response;
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            await AuthorizeAsync(RegistryChallenge.Read(response), cancel);
        }
        else if (!response.IsSuccessStatusCode)
        {
            throw new TransferException($"{repository.Registry} answers {Answer.Status(response)} to the first request.", Answer.IsTransient(response.StatusCode)) { RetryAfter = Answer.RetryAfter(response, context.Time) };
        }

        // Plain HTTP may have been the way to HTTPS; to another host no login follows.
        var final = response.RequestMessage!.RequestUri!;
        return _root = final.Host == asked.Host && final.AbsolutePath == asked.AbsolutePath ? final : asked;
    }

    /// <param name="make">Called again if the request has to be sent with another permission.</param>
    /// <returns>An answer of success.</returns>
    /// <exception cref="TransferException">Any other answer.</exception>
    /// <exception cref="HttpRequestException">None.</exception>
    public async Task<HttpResponseMessage> SendAsync(Func<Uri, HttpRequestMessage> make, CancellationToken cancel)
    {
        var root = await KnockAsync(cancel);
        var sent = _authorization;
        var response = await SendOnceAsync(make(root), cancel);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            // Reading was free, writing is not; or the token has run out.
            await AuthorizeAsync(RegistryChallenge.Read(response), cancel);
            if (_authorization is not null && !_authorization.Equals(sent))
            {
                response.Dispose();
                response = await SendOnceAsync(make(root), cancel);
            }
        }

        return await SucceededAsync(response, cancel);
    }

    /// <summary>A request that can be sent only once, since its content is gone then.</summary>
    /// <param name="make">With an address that an earlier answer gave.</param>
    /// <inheritdoc cref="SendAsync"/>
    public async Task<HttpResponseMessage> SendStreamAsync(Func<HttpRequestMessage> make, CancellationToken cancel)
    {
        var response = await SendOnceAsync(make(), cancel);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            // The permission has run out since: the next try begins with another.
            response.Dispose();
            throw new TransferException($"{repository.Registry} no longer takes its own permission for {repository.Name}.", isTransient: true);
        }

        return await SucceededAsync(response, cancel);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SucceededAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var why = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? $" ({book.Origin(repository.Registry)})"
                : await Answer.ExplanationAsync(response, _login?.Secret ?? "", cancel);
            throw new TransferException($"{repository.Registry} answers {Answer.Status(response)} to {response.RequestMessage!.Method} of {repository.Name}{why}.", Answer.IsTransient(response.StatusCode))
            {
                RetryAfter = Answer.RetryAfter(response, context.Time),
                IsMissing = response.StatusCode == HttpStatusCode.NotFound,
                RefusedExpectation = response.StatusCode == HttpStatusCode.ExpectationFailed,
            };
        }
    }

    private static SocketsHttpHandler NewHandler(ImageReference repository, bool insecure, ImageContext context) =>
        RegistryHttp.Handler(repository.Registry, insecure, context.ExtraAuthority, ConnectTimeout);

    private async Task<(Uri Asked, HttpResponseMessage Response)> FirstAnswerAsync(IReadOnlyList<Uri> roots, CancellationToken cancel)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                return (roots[i], await _http.GetAsync(roots[i], cancel));
            }
            catch (Exception e) when (i + 1 < roots.Count && !cancel.IsCancellationRequested && IsWithoutTls(e))
            {
                // The next one is plain HTTP.
            }
        }
    }

    /// <summary>No TLS there: nobody listens, nobody lets us in, or what listens speaks something else.</summary>
    private static bool IsWithoutTls(Exception e) =>
        e is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } or HttpRequestException { InnerException: AuthenticationException or IOException } or TaskCanceledException { InnerException: TimeoutException };

    private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        using (request)
        {
            // To another host, where a registry may want its layers to be sent, no login follows.
            request.Headers.Authorization = _root is null || _root.GetLeftPart(UriPartial.Authority) == request.RequestUri!.GetLeftPart(UriPartial.Authority) ? _authorization : null;
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        }
    }

    private async Task AuthorizeAsync(RegistryChallenge challenge, CancellationToken cancel) => _authorization = challenge switch
    {
        { Realm: { } realm } => new AuthenticationHeaderValue("Bearer", await TokenAsync(realm, challenge.Service, cancel)),
        _ => _login is null ? null : RegistryHttp.Basic(_login),
    };

    private async Task<string> TokenAsync(Uri realm, string service, CancellationToken cancel)
    {
        using var server = new TokenServer(new BuildKitClientOptions { RegistryHandler = () => NewHandler(repository, insecure, context), Time = context.Time });
        try
        {
            var request = new FetchTokenRequest
            {
                ClientId = "pod-executor",
                Host = repository.Registry,
                Realm = realm.ToString(),
                Service = service,
                Scopes = { $"repository:{repository.Path}:{(writes ? "pull,push" : "pull")}" },
            };
            if (alsoReads is not null)
            {
                request.Scopes.Add($"repository:{alsoReads}:pull");
            }

            return (await server.FetchAsync(request, _login is null ? null : new RegistryCredential(_login.Username, _login.Secret), cancel)).Token;
        }
        catch (BuildKitException e)
        {
            var isRefusal = e.InnerException is HttpRequestException { StatusCode: { } status } && !Answer.IsTransient(status);
            throw new TransferException(e.Message, isTransient: e.InnerException is HttpRequestException or OperationCanceledException && !isRefusal, e) { IsRefused = isRefusal };
        }
    }
}
