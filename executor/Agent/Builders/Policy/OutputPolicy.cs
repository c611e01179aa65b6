using Google.Protobuf.Collections;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.References;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Policy;

/// <summary>Where images and registry caches go: only to the operator's repositories, and under no name into the builder's own store.</summary>
internal sealed class OutputPolicy(BuildPolicy policy)
{
    public const string Image = "image";

    /// <summary>Docker's name for the same: what it does with it is what it does with "image", if it can.</summary>
    private const string Docker = "moby";

    /// <summary>They come back over the job's own session.</summary>
    private static readonly HashSet<string> Sent = new(StringComparer.Ordinal) { "oci", "docker", "local", "tar" };

    public static string TypeOf(string type) => type == Docker ? Image : type;

    /// <returns>Why the output is refused, or null.</returns>
    public string? Exporter(string type, MapField<string, string> attributes)
    {
        if (TypeOf(type) != Image)
        {
            return Sent.Contains(type) ? null : $"The output type \"{type}\" is not allowed on this builder. Allowed: image, oci, docker, local, tar.";
        }

        // Nothing stays in the builder under a name by which another project could use it, pushed or not: a Docker daemon takes FROM out of its own store first.
        attributes["store"] = "false";
        // An empty value is true to BuildKit's exporters.
        if (!attributes.TryGetValue("push", out var push) || GoBoolean.IsFalse(push))
        {
            return null;
        }

        var names = attributes.TryGetValue("name", out var list) ? list.Split(',', StringSplitOptions.RemoveEmptyEntries) : [];
        if (names.Length == 0 && policy.AllowedRepositories.Count > 0)
        {
            return "The image to push has no name.";
        }

        return names.Select(n => Push(n, attributes)).FirstOrDefault(p => p is not null);
    }

    /// <returns>Why nothing is pushed there, or null.</returns>
    public string? Push(string name, MapField<string, string> attributes)
    {
        var image = Parse(name);
        if (image is null)
        {
            return $"\"{name}\" is not an image name that can be checked.";
        }

        if (image.Refusal(policy.AllowedRepositories) is { } refusal)
        {
            return refusal;
        }

        Reach(name, attributes);
        return null;
    }

    /// <summary>Tells the builder of a registry that is spoken to over plain HTTP or with any certificate.</summary>
    public void Reach(string name, MapField<string, string> attributes)
    {
        if (Parse(name) is { } image && policy.InsecureRegistries.Contains(image.Registry))
        {
            attributes["registry.insecure"] = "true";
        }
    }

    private static ImageReference? Parse(string name)
    {
        try
        {
            return ImageReference.Parse(name);
        }
        catch (Images.ImageException)
        {
            return null;
        }
    }
}
