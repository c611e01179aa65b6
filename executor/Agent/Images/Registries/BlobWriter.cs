using System.Net;
using System.Net.Http.Headers;
using PodExecutor.Agent.Images.Copies;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>
/// Brings blobs into a repository: 1. those that are there already stay; 2. those of another repository of the registry are mounted, without a byte on the way;
/// 3. others are sent from their source to the registry, piece by piece.
/// </summary>
/// <param name="mounting">With the permission to read <paramref name="from"/> as well; null: nothing can be mounted.</param>
internal sealed class BlobWriter(ImageReference repository, RegistryDoor door, RegistryDoor? mounting, string? from, ImageContext context) : IDisposable
{
    /// <summary>Without a byte that moves. After the last one a registry may still have gigabytes to put into its store.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromMinutes(5);

    /// <summary>Worth a question before it is sent.</summary>
    private const long Large = 1 << 20;

    private readonly RegistryTries _tries = new($"Copying a layer to {repository.Name}", context);
    private bool _mayMount = mounting is not null;
    private bool _mayExpect = true;

    /// <returns>What became of it, in docker's words.</returns>
    /// <exception cref="TransferException">A registry is not reached or refuses, or the source holds other bytes.</exception>
    public Task<string> PutAsync(Descriptor blob, IImageSource source, CancellationToken cancel) => _tries.RunAsync(
        async patience =>
        {
            if (await IsThereAsync(blob, patience.Token))
            {
                return "Layer already exists";
            }

            using var mounted = await MountAsync(blob, patience.Token);
            if (mounted?.StatusCode == HttpStatusCode.Created)
            {
                return "Mounted from " + from;
            }

            // A registry that does not mount it expects it now.
            await SendAsync(mounted is null ? door : mounting!, mounted is null ? await BeginAsync(patience.Token) : Place(mounted), blob, source, patience);
            return "Pushed";
        },
        cancel);

    public void Dispose() => mounting?.Dispose();

    private async Task<bool> IsThereAsync(Descriptor blob, CancellationToken cancel)
    {
        try
        {
            using var response = await door.SendAsync(root => new HttpRequestMessage(HttpMethod.Head, new Uri(root, $"{repository.Path}/blobs/{blob.Digest}")), cancel);
            return true;
        }
        catch (TransferException e) when (e.IsMissing)
        {
            return false;
        }
    }

    /// <returns>Null: nothing is mounted there.</returns>
    private async Task<HttpResponseMessage?> MountAsync(Descriptor blob, CancellationToken cancel)
    {
        try
        {
            return !_mayMount ? null : await mounting!.SendAsync(root => new HttpRequestMessage(HttpMethod.Post, new Uri(root, $"{Uploads}?mount={blob.Digest}&from={Uri.EscapeDataString(from!)}")), cancel);
        }
        catch (TransferException e) when (!e.IsTransient)
        {
            // A login that may not read the other repository by that name, or a registry that knows no mount. The pod may still read it by its own login.
            _mayMount = false;
            return null;
        }
    }

    private async Task<Uri> BeginAsync(CancellationToken cancel)
    {
        using var response = await door.SendAsync(root => new HttpRequestMessage(HttpMethod.Post, new Uri(root, Uploads)), cancel);
        return Place(response);
    }

    private async Task SendAsync(RegistryDoor by, Uri place, Descriptor blob, IImageSource source, Patience patience)
    {
        await using var content = new BlobStream(await source.OpenAsync(blob, patience.Token), blob, () => patience.Extend(Stall));
        var expects = _mayExpect && blob.Size > Large;
        try
        {
            using var response = await by.SendStreamAsync(() => Put(place, blob, content, expects), patience.Token);
        }
        catch (TransferException e) when (expects && e.RefusedExpectation)
        {
            _mayExpect = false;
            throw new TransferException(e.Message, isTransient: true, e);
        }
    }

    /// <param name="expects">Asks before a byte is sent, so that the answer is heard if the registry, or a proxy before it, takes nothing so large.</param>
    private static HttpRequestMessage Put(Uri place, Descriptor blob, Stream content, bool expects)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, $"{place}{(place.Query.Length > 0 ? '&' : '?')}digest={Uri.EscapeDataString(blob.Digest)}") { Content = new StreamContent(content) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Content.Headers.ContentLength = blob.Size;
        request.Headers.ExpectContinue = expects;
        return request;
    }

    private string Uploads => $"{repository.Path}/blobs/uploads/";

    private Uri Place(HttpResponseMessage response) => response.Headers.Location is { } location
        ? new Uri(response.RequestMessage!.RequestUri!, location)
        : throw new TransferException($"{repository.Registry} takes a layer of {repository.Name} and does not say where ({Answer.Status(response)} without Location).", isTransient: false);
}
