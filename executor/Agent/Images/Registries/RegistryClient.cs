using System.Net.Http.Headers;
using PodExecutor.Agent.Images.Copies;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>
/// Reads and writes manifests of one repository, with the job's login: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
/// Layers only where an image is copied: what is built is the builders' business.
/// </summary>
/// <param name="repository">Its tag and digest do not count.</param>
/// <param name="writes">Not only reads.</param>
/// <param name="insecure">Over plain HTTP or with any certificate.</param>
internal sealed class RegistryClient(ImageReference repository, bool writes, LoginBook book, bool insecure, ImageContext context) : IImageSource, IDisposable
{
    /// <summary>More than any manifest or configuration.</summary>
    private const int MaxManifest = 4 << 20;

    private static readonly TimeSpan ReachPatience = TimeSpan.FromSeconds(10);
    private static readonly string[] Accepted = [Manifest.OciIndex, Manifest.OciManifest, Manifest.DockerIndex, Manifest.DockerManifest];

    private readonly RegistryDoor _door = new(repository, writes, book, insecure, context);
    private readonly RegistryTries _tries = new($"Asking the registry {repository.Registry}", context);

    public ImageReference Repository => repository;

    /// <summary>Does the registry answer this pod, with a certificate that it trusts, and does its token server? One try.</summary>
    /// <returns>Why not, or null. A login that is refused is an answer.</returns>
    public async Task<string?> IsOutOfReachAsync(CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(ReachPatience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            await _door.KnockAsync(either.Token);
            return null;
        }
        catch (TransferException e)
        {
            return e.IsRefused ? null : e.Message;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"no answer within {ReachPatience.TotalSeconds:0} s";
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return e.GetBaseException().Message;
        }
    }

    /// <summary>The same with the tries that every request has.</summary>
    /// <exception cref="TransferException">It does not.</exception>
    public Task ReachAsync(CancellationToken cancel) => _tries.RunAsync(patience => _door.KnockAsync(patience.Token), cancel);

    /// <param name="reference">A tag or a digest.</param>
    /// <exception cref="TransferException">The registry is not reached, has no such manifest, or refuses.</exception>
    public Task<Manifest> GetAsync(string reference, CancellationToken cancel) => _tries.RunAsync(
        async patience =>
        {
            using var response = await _door.SendAsync(root => Accepting(new HttpRequestMessage(HttpMethod.Get, Address(root, "manifests", reference))), patience.Token);
            return Verified(Manifest.Of(response.Content.Headers.ContentType?.MediaType, await BytesAsync(response, patience.Token)), reference);
        },
        cancel);

    /// <summary>A small blob: an image's configuration.</summary>
    /// <exception cref="TransferException">The registry is not reached, has no such blob, or refuses.</exception>
    public Task<byte[]> GetBlobAsync(string digest, CancellationToken cancel) => _tries.RunAsync(
        async patience =>
        {
            using var response = await _door.SendAsync(root => new HttpRequestMessage(HttpMethod.Get, Address(root, "blobs", digest)), patience.Token);
            return Verified(new Manifest("", await BytesAsync(response, patience.Token)), digest).Content;
        },
        cancel);

    public async Task<Stream> OpenAsync(Descriptor blob, CancellationToken cancel)
    {
        try
        {
            // The answer lives as long as its stream.
            var response = await _door.SendAsync(root => new HttpRequestMessage(HttpMethod.Get, Address(root, "blobs", blob.Digest)), cancel);
            return await response.Content.ReadAsStreamAsync(cancel);
        }
        catch (HttpRequestException e)
        {
            // The one that writes must not be blamed.
            throw Answer.Unreachable($"Asking the registry {repository.Registry}", e);
        }
    }

    /// <param name="mountFrom">Another repository of the registry that may have the blobs, or null.</param>
    public BlobWriter Writer(string? mountFrom) =>
        new(repository, _door, mountFrom is null ? null : new RegistryDoor(repository, writes, book, insecure, context, mountFrom), mountFrom, context);

    /// <param name="reference">A tag, or the manifest's own digest.</param>
    /// <exception cref="TransferException">The registry is not reached or refuses.</exception>
    public Task PutAsync(string reference, Manifest manifest, CancellationToken cancel) => _tries.RunAsync(
        async patience =>
        {
            using var response = await _door.SendAsync(
                root =>
                {
                    var request = new HttpRequestMessage(HttpMethod.Put, Address(root, "manifests", reference)) { Content = new ByteArrayContent(manifest.Content) };
                    request.Content.Headers.ContentType = new MediaTypeHeaderValue(manifest.MediaType);
                    return request;
                },
                patience.Token);
            return "";
        },
        cancel);

    public void Dispose() => _door.Dispose();

    private static HttpRequestMessage Accepting(HttpRequestMessage request)
    {
        foreach (var type in Accepted)
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        }

        return request;
    }

    private Uri Address(Uri root, string kind, string reference) => new(root, $"{repository.Path}/{kind}/{reference}");

    private static async Task<byte[]> BytesAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await response.Content.LoadIntoBufferAsync(MaxManifest, cancel);
        return await response.Content.ReadAsByteArrayAsync(cancel);
    }

    private Manifest Verified(Manifest content, string reference) => !reference.StartsWith("sha256:", StringComparison.Ordinal) || content.Digest == reference ? content
        : throw new TransferException($"{repository.Registry} answers {repository.Name}@{reference} with something else ({content.Digest}).", isTransient: false);
}
