using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Recipes;

namespace PodExecutor.Agent.Images.Listing;

/// <summary>The labels that this job gave an image, or with which it was pulled or loaded. Those of a Dockerfile are in the image, which is not here.</summary>
internal static class ImageLabels
{
    public const string Unknown = "only labels of --label are known: those of a Dockerfile are in the image itself, which is not kept";

    /// <param name="variable">The job's variables: image-build takes labels from them.</param>
    public static IReadOnlyDictionary<string, string> Of(Recipe recipe, Func<string, string?> variable)
    {
        var flags = BuildFlags.Table(recipe.Program).With(GlobalFlags.Everywhere).Parse(recipe.Arguments);
        var labels = recipe.Program == "image-build" && !flags.IsSet("no-ci-labels") ? CiLabels.Of(variable).ToDictionary(StringComparer.Ordinal) : [];
        foreach (var text in flags.All("label"))
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            labels[equals < 0 ? text : text[..equals]] = equals < 0 ? "" : text[(equals + 1)..];
        }

        return labels;
    }
}
