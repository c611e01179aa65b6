using System.Text.Json;
using PodExecutor.Agent.Images.Copies;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Agent.Images.Solving;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Images.Indexes;

/// <summary>Images that are in registries already, by whichever job, as parts of an index; and where that goes.</summary>
internal sealed class RegistryImages : IDisposable
{
    private readonly IReadOnlyList<ImageReference> _targets;
    private readonly Func<string, bool> _isInsecure;
    private readonly ImageContext _context;
    private readonly LoginBook _book;
    private readonly Dictionary<string, RegistryClient> _clients = new(StringComparer.Ordinal);

    private RegistryImages(IReadOnlyList<ImageReference> targets, Func<string, bool> isInsecure, ImageContext context) =>
        (_targets, _isInsecure, _context, _book) = (targets, isInsecure, context, new LoginBook(context.Variable, context.DockerConfigPath));

    /// <param name="targets">What is written; from all others is only read.</param>
    /// <exception cref="ImageException">The operator lets this job write no such target, or the helper container does not answer.</exception>
    public static async Task<RegistryImages> OpenAsync(IReadOnlyList<ImageReference> targets, bool insecure, ImageContext context, CancellationToken cancel)
    {
        var rules = await new BuilderFinder(context).RulesAsync(cancel);
        if (targets.Select(t => t.Refusal(rules.AllowedRepositories)).FirstOrDefault(r => r is not null) is { } refusal)
        {
            throw new ImageException(refusal);
        }

        return new RegistryImages(targets, r => insecure || rules.InsecureRegistries.Contains(r), context);
    }

    /// <summary>Whatever is there: an image, an index, or something else that has a manifest.</summary>
    /// <exception cref="ImageException">It is not there, or the registry is not reached.</exception>
    public Task<Manifest> ManifestAsync(ImageReference image, CancellationToken cancel) =>
        GuardedAsync(image, () => Client(image).GetAsync(image.Digest ?? image.Tag ?? "latest", cancel));

    /// <exception cref="ImageException">It is not there, is no image, or the registry is not reached.</exception>
    public Task<PartImage> FindAsync(ImageReference image, CancellationToken cancel) => GuardedAsync(image, async () =>
    {
        var manifest = await ManifestAsync(image, cancel);
        using var json = JsonDocument.Parse(manifest.Content);
        IReadOnlyList<string> platforms = json.RootElement.TryGetProperty("manifests", out _) ? [] : [await PlatformAsync(Client(image), json.RootElement, cancel)];
        return new PartImage(platforms, manifest.MediaType, manifest.Digest, manifest.Content.Length, manifest.Content);
    });

    /// <exception cref="ImageException">It is not there, is no image, has no such platform, or the registry is not reached.</exception>
    public Task<ImageFacts> FactsAsync(ImageReference image, string? platform, CancellationToken cancel) =>
        GuardedAsync(image, async () => await ImageFacts.ReadAsync(Client(image), await ManifestAsync(image, cancel), platform, cancel));

    public IImageSource Source(ImageOrigin origin) => origin.Repository is { } repository ? Client(repository) : new LayoutFolder(origin.Folder!);

    /// <summary>The image as it is, under other names of one repository.</summary>
    /// <exception cref="ImageException">It is no longer there, or a registry is not reached or refuses.</exception>
    public async Task<Manifest> CopyAsync(ImageOrigin origin, IReadOnlyList<ImageReference> names, CancellationToken cancel)
    {
        var source = Source(origin);
        return await PushedAsync(names[0], async () =>
        {
            var manifest = await source.GetAsync(origin.Digest, cancel);
            await new ImageCopy(source, Client(names[0]), _context).ContentAsync(manifest, cancel);
            foreach (var name in names)
            {
                await PutAsync(name, manifest, cancel);
            }

            return manifest;
        });
    }

    /// <summary>What an index in the target's repository names has to be there.</summary>
    /// <param name="isNamed">The manifest itself is named; of an index the entries are.</param>
    /// <exception cref="ImageException">A registry is not reached or refuses.</exception>
    public Task BringAsync(ImageReference from, Manifest manifest, ImageReference target, bool isNamed, CancellationToken cancel) => from.Name == target.Name ? Task.CompletedTask : PushedAsync(target, async () =>
    {
        var copy = new ImageCopy(Client(from), Client(target), _context);
        await (isNamed && !ManifestContents.Read(manifest).IsIndex ? copy.RunAsync(manifest, manifest.Digest, cancel) : copy.ContentAsync(manifest, cancel));
        return manifest;
    });

    /// <exception cref="ImageException">The registry is not reached, or refuses.</exception>
    public Task PutAsync(ImageReference name, Manifest index, CancellationToken cancel) => PushedAsync(name, async () =>
    {
        await Client(name).PutAsync(name.Tag ?? "latest", index, cancel);
        return index;
    });

    public void Dispose()
    {
        foreach (var client in _clients.Values)
        {
            client.Dispose();
        }
    }

    private static async Task<Manifest> PushedAsync(ImageReference name, Func<Task<Manifest>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is TransferException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ImageException($"{name.Full} is not pushed: {e.Message}", ImageExit.Failure, e);
        }
    }

    private static async Task<T> GuardedAsync<T>(ImageReference image, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (TransferException e) when (e.IsMissing)
        {
            throw new ImageException($"There is no image {image.Full} in its registry. Has the job that builds it pushed it under this name?", ImageExit.Failure, e);
        }
        catch (TransferException e)
        {
            throw new ImageException(e.Message, ImageExit.Failure, e);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ImageException($"{image.Full} is neither an image nor an index: {e.Message}", ImageExit.Failure, e);
        }
    }

    private static async Task<string> PlatformAsync(RegistryClient registry, JsonElement manifest, CancellationToken cancel)
    {
        using var config = JsonDocument.Parse(await registry.GetBlobAsync(manifest.GetProperty("config").GetProperty("digest").GetString()!, cancel));
        var variant = config.RootElement.TryGetProperty("variant", out var v) && v.GetString() is { Length: > 0 } text ? "/" + text : "";
        return $"{config.RootElement.GetProperty("os").GetString()}/{config.RootElement.GetProperty("architecture").GetString()}{variant}";
    }

    private RegistryClient Client(ImageReference image)
    {
        if (!_clients.TryGetValue(image.Name, out var client))
        {
            client = new RegistryClient(image, _targets.Any(t => t.Name == image.Name), _book, _isInsecure(image.Registry), _context);
            _clients.Add(image.Name, client);
        }

        return client;
    }
}
