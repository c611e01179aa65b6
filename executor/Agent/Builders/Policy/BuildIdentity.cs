using System.Security.Cryptography;
using System.Text;
using Google.Protobuf.Collections;

namespace PodExecutor.Agent.Builders.Policy;

/// <summary>
/// Tells the images of one project apart: a cache on S3 holds the layers of one build, and the next one under its name takes its place. The image's own name would not
/// do: many pipelines have the branch in it, and a branch reads what the default branch has left.
/// </summary>
internal static class BuildIdentity
{
    /// <summary>What is the same on all branches. The folders are those that buildx and image-build tell for the provenance.</summary>
    private static readonly string[] Options = ["filename", "target", "platform", "vcs:localdir:context", "vcs:localdir:dockerfile"];

    /// <returns>A part of a name, or nothing where nothing is known.</returns>
    public static string Of(MapField<string, string> frontendOptions)
    {
        var known = Options.Where(frontendOptions.ContainsKey).Select(o => $"{o}={frontendOptions[o]}\n").ToList();
        return known.Count == 0 ? "" : "-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(known))))[..12];
    }
}
