using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Copies;

/// <summary>Where an image is that this job has not built: "registry/path@sha256:…" or "oci-layout:FOLDER@sha256:…".</summary>
/// <param name="Folder">Of an image that was loaded; null: a registry has it.</param>
internal sealed record ImageOrigin(ImageReference? Repository, string? Folder, string Digest)
{
    private const string Layout = "oci-layout:";

    public static ImageOrigin Parse(string text)
    {
        // A folder may have an @ in its name.
        var at = text.LastIndexOf('@');
        var (place, digest) = (text[..at], text[(at + 1)..]);
        return place.StartsWith(Layout, StringComparison.Ordinal)
            ? new ImageOrigin(null, place[Layout.Length..], digest)
            : new ImageOrigin(ImageReference.Parse(text), null, digest);
    }

    public override string ToString() => Folder is null ? $"{Repository!.Name}@{Digest}" : $"{Layout}{Folder}@{Digest}";
}
