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
    /// <summary>What is the same on all branches. Folders are what buildx and image-build tell of them for the provenance; of a git address what is before the branch.</summary>
    private static readonly string[] Options = ["context", "filename", "target", "platform", "vcs:localdir:context", "vcs:localdir:dockerfile"];

    /// <summary>A context that comes over the session: its address is another one each time.</summary>
    private const string Upload = "http://buildkit-session/";

    /// <returns>A part of a name, or nothing where nothing is known.</returns>
    public static string Of(MapField<string, string> frontendOptions)
    {
        var known = Options.Where(o => frontendOptions.TryGetValue(o, out var value) && !value.StartsWith(Upload, StringComparison.Ordinal)).Select(o => $"{o}={frontendOptions[o].Split('#')[0]}\n").ToList();
        return known.Count == 0 ? "" : "-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(known))))[..12];
    }
}
