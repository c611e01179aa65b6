using System.Text.Json;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Images.Copies;

/// <summary>An OCI layout in a folder of this pod: https://github.com/opencontainers/image-spec/blob/main/image-layout.md</summary>
internal sealed class LayoutFolder(string folder) : IImageSource
{
    public ImageReference? Repository => null;

    /// <param name="digest">One that is a digest: Descriptor.IsDigest.</param>
    public string At(string digest) => Path.Combine(folder, "blobs", digest.Replace(':', '/'));

    public Task<Manifest> GetAsync(string digest, CancellationToken cancel) => Task.FromResult(Get(digest));

    public Task<byte[]> GetBlobAsync(string digest, CancellationToken cancel) => Task.FromResult(Read(digest));

    public Task<Stream> OpenAsync(Descriptor blob, CancellationToken cancel) => Task.FromResult<Stream>(Open(blob.Digest));

    /// <exception cref="TransferException">It is not there.</exception>
    public Manifest Get(string digest)
    {
        var manifest = Manifest.Of(null, Read(digest));
        if (manifest.MediaType.Length > 0)
        {
            return manifest;
        }

        // What describes it need not be in it, and OCI's old writers left it out.
        using var json = JsonDocument.Parse(manifest.Content);
        return manifest with { MediaType = json.RootElement.TryGetProperty("manifests", out _) ? Manifest.OciIndex : Manifest.OciManifest };
    }

    private byte[] Read(string digest)
    {
        using var file = Open(digest);
        var content = new byte[file.Length];
        file.ReadExactly(content);
        return new Manifest("", content).Digest == digest ? content : throw new TransferException($"{digest} in the image that was loaded is something else.", isTransient: false);
    }

    private FileStream Open(string digest)
    {
        try
        {
            return File.OpenRead(At(digest));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TransferException($"{digest} is not in the image that was loaded: {folder} lacks it.", isTransient: false, e) { IsMissing = true };
        }
    }
}
