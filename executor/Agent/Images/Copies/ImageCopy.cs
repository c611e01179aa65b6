using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Images.Copies;

/// <summary>
/// An image, or an index with all that it names (platforms, attestations), brought into a repository byte for byte, so that the digest stays. What is named comes
/// before what names it, and the tag last: whoever pulls it meanwhile gets what was there before.
/// </summary>
internal sealed class ImageCopy(IImageSource source, RegistryClient target, ImageContext context)
{
    private const int BlobsAtOnce = 4;

    private readonly HashSet<string> _done = new(StringComparer.Ordinal);

    /// <param name="reference">A tag, or the manifest's own digest.</param>
    /// <exception cref="TransferException">A registry is not reached or refuses, or the source lacks a part.</exception>
    /// <exception cref="System.Text.Json.JsonException">It is neither image nor index; so KeyNotFoundException and InvalidOperationException.</exception>
    public async Task RunAsync(Manifest manifest, string reference, CancellationToken cancel)
    {
        await ContentAsync(manifest, cancel);
        await target.PutAsync(reference, manifest, cancel);
    }

    /// <summary>All that a manifest names, without the manifest itself.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public async Task ContentAsync(Manifest manifest, CancellationToken cancel)
    {
        if (source.Repository is { } own && IsSame(own, target.Repository))
        {
            return;
        }

        var contents = ManifestContents.Read(manifest);
        foreach (var child in contents.Children.Where(c => _done.Add(c.Digest)))
        {
            await RunAsync(await source.GetAsync(child.Digest, cancel), child.Digest, cancel);
        }

        if (contents.Config is { } config)
        {
            await BlobsAsync([.. contents.Layers.Append(config).Where(b => !b.IsForeign && _done.Add(b.Digest))], cancel);
        }
    }

    private async Task BlobsAsync(IReadOnlyList<Descriptor> blobs, CancellationToken cancel)
    {
        // Once: else each of those that begin together would find out how the registry is spoken to.
        await target.ReachAsync(cancel);
        using var writer = target.Writer(source.Repository is { } other && RegistryHost.Canonical(other.Registry) == RegistryHost.Canonical(target.Repository.Registry) ? other.Path : null);
        await Parallel.ForEachAsync(blobs, new ParallelOptions { MaxDegreeOfParallelism = BlobsAtOnce, CancellationToken = cancel }, async (blob, stop) =>
        {
            var fate = await writer.PutAsync(blob, source, stop);
            lock (_done)
            {
                context.Log.WriteLine($"{blob.Short}: {fate}");
            }
        });
    }

    private static bool IsSame(ImageReference one, ImageReference other) => one.Path == other.Path && RegistryHost.Canonical(one.Registry) == RegistryHost.Canonical(other.Registry);
}
