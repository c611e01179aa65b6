using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Content;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>--build-context NAME=oci-layout://FOLDER[:TAG][@DIGEST]: an image in a folder of this pod, found.</summary>
/// <param name="Folder">Absolute.</param>
/// <param name="Tag">latest, if none was given.</param>
internal sealed record OciLayoutContext(string Folder, string Tag, string Digest)
{
    private const string Scheme = "oci-layout://";
    private const string DefaultTag = "latest";

    public static bool IsMeant(string value) => value.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>As the frontend reads it, with the id under which the builder asks for its blobs.</summary>
    public string Address(string id) => $"{Scheme}{id}:{Tag}@{Digest}";

    /// <exception cref="ImageException">The folder is no layout, or has no such image.</exception>
    public static async Task<OciLayoutContext> FindAsync(string name, string value, ImageContext context, CancellationToken cancel)
    {
        var text = value[Scheme.Length..];
        var (path, digest) = Cut(text, '@');
        var (given, tag) = Cut(path, ':');
        var folder = context.At(given);
        if (!File.Exists(Path.Combine(folder, "index.json")))
        {
            throw new ImageException($"--build-context {name}={value}: {given} is no OCI layout in {context.Directory}: it has no index.json. -o type=oci,dest=FOLDER,tar=false writes one.");
        }

        try
        {
            digest ??= await OciIndex.FindAsync(folder, tag ?? DefaultTag, cancel);
        }
        catch (BuildKitException e)
        {
            throw new ImageException($"--build-context {name}={value}: {e.Message}", ImageExit.Failure, e);
        }

        return new OciLayoutContext(folder, tag ?? DefaultTag, digest
            ?? throw new ImageException($"--build-context {name}={value}: the layout has no image with the tag {tag ?? DefaultTag}. Write oci-layout://{given}:TAG or oci-layout://{given}@DIGEST."));
    }

    private static (string Before, string? After) Cut(string text, char at)
    {
        var place = text.IndexOf(at, StringComparison.Ordinal);
        return place < 0 ? (text, null) : (text[..place], text[(place + 1)..]);
    }
}
