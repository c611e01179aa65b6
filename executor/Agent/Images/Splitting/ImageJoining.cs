using System.Text.Json;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Agent.Transfers;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Splitting;

internal sealed record BuiltShare(IReadOnlyList<string> Platforms, SolveOutcome Solve);

/// <summary>Makes one image of several builders' shares. The registry has these already, by digest: only the index is written from this pod.</summary>
/// <param name="insecure">Which registries are spoken to over plain HTTP or with any certificate.</param>
internal sealed class ImageJoining(BuildRequest request, LoginBook book, Func<string, bool> insecure, ImageContext context)
{
    /// <summary>Waits for registries that do not answer at once, as every request does.</summary>
    /// <exception cref="TransferException">One is not reached from this pod.</exception>
    public async Task ReachAsync(OutputRequest exporter, CancellationToken cancel)
    {
        foreach (var image in JoinedImage.NamesOf(exporter).DistinctBy(n => n.Registry))
        {
            using var registry = Client(image);
            await registry.ReachAsync(cancel);
        }
    }

    /// <returns>Which registry does not answer this pod, and why; null: all do.</returns>
    public async Task<string?> IsOutOfReachAsync(OutputRequest exporter, CancellationToken cancel)
    {
        foreach (var image in JoinedImage.NamesOf(exporter).DistinctBy(n => n.Registry))
        {
            using var registry = Client(image);
            if (await registry.IsOutOfReachAsync(cancel) is { } why)
            {
                return $"{image.Registry} is not reached from this pod ({why.TrimEnd('.')})";
            }
        }

        return null;
    }

    /// <returns>What one builder would have answered.</returns>
    /// <exception cref="ImageException">The registry is not reached from here, or does not take the index.</exception>
    public async Task<Dictionary<string, string>> PushAsync(OutputRequest exporter, IReadOnlyList<BuiltShare> shares, CancellationToken cancel)
    {
        var names = JoinedImage.NamesOf(exporter);
        Manifest? index = null;
        foreach (var repository in names.GroupBy(n => n.Name, StringComparer.Ordinal))
        {
            var image = repository.First();
            try
            {
                using var registry = Client(image);
                index ??= await ReadAsync(registry, exporter, shares, cancel);
                foreach (var reference in exporter.Attributes.GetValueOrDefault("push-by-digest") == "true" ? [index.Digest] : repository.Select(n => n.Tag ?? "latest"))
                {
                    await registry.PutAsync(reference, index, cancel);
                }
            }
            catch (Exception e) when (e is TransferException or JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new ImageException(
                    $"The images of all platforms are built and pushed by digest, but {image.Name} has no index of them yet: {e.Message} "
                    + "With several builders this pod writes the index itself: it must reach the registry, trust its certificate (or --insecure-registry), and may push there.",
                    ImageExit.Failure,
                    e);
            }
        }

        return JoinedImage.Response(index!, names);
    }

    /// <summary>Of an image that no registry has: an identity, the same that a push will give it.</summary>
    public Dictionary<string, string> Keep(OutputRequest exporter, IReadOnlyList<BuiltShare> shares) =>
        JoinedImage.Response(JoinedImage.Of(request.Platforms, [.. shares.Select(Described)], exporter.Attributes), []);

    private RegistryClient Client(ImageReference image) => new(image, writes: true, book, insecure(image.Registry), context);

    private async Task<Manifest> ReadAsync(RegistryClient registry, OutputRequest exporter, IReadOnlyList<BuiltShare> shares, CancellationToken cancel)
    {
        var parts = new List<PartImage>();
        foreach (var share in shares)
        {
            var manifest = await registry.GetAsync(share.Solve.ImageDigest!, cancel);
            parts.Add(new PartImage(share.Platforms, manifest.MediaType, manifest.Digest, manifest.Content.Length, manifest.Content));
        }

        return JoinedImage.Of(request.Platforms, parts, exporter.Attributes);
    }

    private static PartImage Described(BuiltShare share) => share.Solve.ImageDescriptor is { } descriptor
        ? new PartImage(share.Platforms, descriptor.GetProperty("mediaType").GetString()!, descriptor.GetProperty("digest").GetString()!, descriptor.GetProperty("size").GetInt64(), null)
        : new PartImage(share.Platforms, Manifest.OciManifest, share.Solve.ImageDigest ?? "", 0, null);
}
