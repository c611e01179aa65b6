using System.Text.Json;

namespace PodExecutor.BuildKit;

/// <summary>A build that succeeded.</summary>
/// <param name="Ref">The request's.</param>
/// <param name="Response">All that the exporters said, by BuildKit's names.</param>
public sealed record SolveOutcome(string Ref, IReadOnlyDictionary<string, string> Response)
{
    /// <summary>"sha256:…" of the manifest or index; null where no image was exported.</summary>
    public string? ImageDigest => Response.GetValueOrDefault("containerimage.digest");

    /// <summary>"sha256:…" of the image's configuration, which Docker calls the image id; null for an index.</summary>
    public string? ConfigDigest => Response.GetValueOrDefault("containerimage.config.digest");

    /// <summary>The names under which the image was stored or pushed.</summary>
    public IReadOnlyList<string> ImageNames =>
        Response.TryGetValue("image.name", out var names) && names.Length > 0 ? names.Split(',') : [];

    /// <summary>The OCI descriptor of the image: media type, digest, size, annotations. null where no image was exported.</summary>
    public JsonElement? ImageDescriptor
    {
        get
        {
            if (!Response.TryGetValue("containerimage.descriptor", out var text))
            {
                return null;
            }

            using var document = JsonDocument.Parse(Convert.FromBase64String(text));
            return document.RootElement.Clone();
        }
    }
}
