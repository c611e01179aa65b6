using System.Net;
using System.Net.Http.Headers;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Transfers;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Auth;
using PodExecutor.BuildKit.Wire.Session;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>
/// Reads and writes manifests of one repository, with the job's login: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
/// Layers it neither reads nor writes: those are the builders' business.
/// </summary>
/// <param name="repository">Its tag and digest do not count.</param>
/// <param name="insecure">Over plain HTTP or with any certificate.</param>
internal sealed class RegistryClient(ImageReference repository, LoginBook book, bool insecure, ImageContext context) : IDisposable
{
    /// <summary>More than any manifest or configuration.</summary>
    private const int MaxManifest = 4 << 20;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http = new(NewHandler(repository, insecure, context)) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly RegistryLogin? _login = book.Find(repository.Registry);
    private Uri? _root;
    private AuthenticationHeaderValue? _authorization;

    /// <summary>Does the registry answer this pod, with a certificate that it trusts? One try.</summary>
    /// <returns>Why not, or null.</returns>
    public async Task<string?> IsOutOfReachAsync(CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(ConnectTimeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            await OpenAsync(either.Token);
            return null;
        }
        catch (TransferException e)
        {
            // A refusal is an answer. A token server that is not there is none.
            return e.IsTransient ? e.Message : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return e.GetBaseException().Message.TrimEnd('.');
        }
    }

    /// <param name="reference">A tag or a digest.</param>
    /// <exception cref="TransferException">The registry is not reached, has no such manifest, or refuses.</exception>
    public Task<Manifest> GetAsync(string reference, CancellationToken cancel) => TryAsync(
        async patience =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Address("manifests", reference));
            foreach (var type in new[] { Manifest.OciIndex, Manifest.OciManifest, Manifest.DockerIndex, Manifest.DockerManifest })
            {
                request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
            }

            using var response = await SendAsync(request, patience);
            var manifest = new Manifest(response.Content.Headers.ContentType?.MediaType ?? "", await BytesAsync(response, patience));
            return Verified(manifest, reference);
        },
        cancel);

    /// <summary>A small blob: an image's configuration.</summary>
    /// <exception cref="TransferException">The registry is not reached, has no such blob, or refuses.</exception>
    public Task<byte[]> GetBlobAsync(string digest, CancellationToken cancel) => TryAsync(
        async patience =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Address("blobs", digest));
            using var response = await SendAsync(request, patience);
            return Verified(new Manifest("", await BytesAsync(response, patience)), digest).Content;
        },
        cancel);

    /// <param name="reference">A tag, or the manifest's own digest.</param>
    /// <exception cref="TransferException">The registry is not reached or refuses.</exception>
    public Task PutAsync(string reference, Manifest manifest, CancellationToken cancel) => TryAsync(
        async patience =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, Address("manifests", reference)) { Content = new ByteArrayContent(manifest.Content) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(manifest.MediaType);
            using var response = await SendAsync(request, patience);
            return response.StatusCode;
        },
        cancel);

    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler NewHandler(ImageReference repository, bool insecure, ImageContext context) =>
        RegistryHttp.Handler(repository.Registry, insecure, context.ExtraAuthority, ConnectTimeout);

    private Uri Address(string kind, string reference) => new(_root!, $"{repository.Path}/{kind}/{reference}");

    private static async Task<byte[]> BytesAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await response.Content.LoadIntoBufferAsync(MaxManifest, cancel);
        return await response.Content.ReadAsByteArrayAsync(cancel);
    }

    private Manifest Verified(Manifest content, string reference) => !reference.StartsWith("sha256:", StringComparison.Ordinal) || content.Digest == reference ? content
        : throw new TransferException($"{repository.Registry} answers {repository.Name}@{reference} with something else ({content.Digest}).", isTransient: false);

    private Task<T> TryAsync<T>(Func<CancellationToken, Task<T>> once, CancellationToken cancel) => Attempts.RunAsync(
        context.Warn,
        context.Time,
        async (_, stop) =>
        {
            using var patience = new CancellationTokenSource(Patience, context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
            try
            {
                await OpenAsync(either.Token);
                return await once(either.Token);
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !stop.IsCancellationRequested))
            {
                throw Answer.Unreachable($"Asking the registry {repository.Registry}", e);
            }
        },
        cancel);

    /// <summary>Finds out how the registry is spoken to, and gets its permission. Once for all requests of this client.</summary>
    private async Task OpenAsync(CancellationToken cancel)
    {
        if (_root is not null)
        {
            return;
        }

        var (root, challenge) = await KnockAsync(cancel);
        _authorization = challenge switch
        {
            null => null,
            { Realm: null } => _login is null ? null : RegistryHttp.Basic(_login),
            { Realm: { } realm } => new AuthenticationHeaderValue("Bearer", await TokenAsync(realm, challenge.Service, cancel)),
        };
        _root = root;
    }

    private async Task<(Uri Root, RegistryChallenge? Challenge)> KnockAsync(CancellationToken cancel)
    {
        var roots = RegistryHttp.Roots(repository.Registry, insecure);
        for (var i = 0; ; i++)
        {
            try
            {
                using var response = await _http.GetAsync(roots[i], cancel);
                return (roots[i], response.StatusCode == HttpStatusCode.Unauthorized ? RegistryChallenge.Read(response) : null);
            }
            catch (HttpRequestException) when (i + 1 < roots.Count)
            {
                // The next one is without TLS.
            }
        }
    }

    private async Task<string> TokenAsync(Uri realm, string service, CancellationToken cancel)
    {
        using var server = new TokenServer(new BuildKitClientOptions { RegistryHandler = () => NewHandler(repository, insecure, context), Time = context.Time });
        try
        {
            var request = new FetchTokenRequest { ClientId = "pod-executor", Host = repository.Registry, Realm = realm.ToString(), Service = service, Scopes = { $"repository:{repository.Path}:pull,push" } };
            return (await server.FetchAsync(request, _login is null ? null : new RegistryCredential(_login.Username, _login.Secret), cancel)).Token;
        }
        catch (BuildKitException e)
        {
            var isRefusal = e.InnerException is HttpRequestException { StatusCode: { } status } && !Answer.IsTransient(status);
            throw new TransferException(e.Message, isTransient: e.InnerException is HttpRequestException or OperationCanceledException && !isRefusal, e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        request.Headers.Authorization = _authorization;
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var why = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? $" ({book.Origin(repository.Registry)})" : await Answer.ExplanationAsync(response, _login?.Secret ?? "", cancel);
            throw new TransferException($"{repository.Registry} answers {Answer.Status(response)} to {request.Method} of {repository.Name}{why}.", Answer.IsTransient(response.StatusCode))
            {
                RetryAfter = Answer.RetryAfter(response, context.Time),
                IsMissing = response.StatusCode == HttpStatusCode.NotFound,
            };
        }
    }
}
