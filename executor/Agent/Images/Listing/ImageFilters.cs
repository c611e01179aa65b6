using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Verbs;

namespace PodExecutor.Agent.Images.Listing;

/// <summary>
/// --filter of `docker images`. What it lists is often passed to rmi, so that a filter that is not understood is an error: never everything.
/// </summary>
internal sealed class ImageFilters
{
    private readonly List<Func<ListedImage, bool>> _all = [];

    /// <param name="texts">Each KEY=VALUE.</param>
    /// <param name="pattern">The operand: a name, a name and tag, or a pattern of either.</param>
    /// <param name="store">Where images are looked up that are named by before= and since=.</param>
    /// <exception cref="ImageException">A filter is not known, or its value is none.</exception>
    public ImageFilters(string command, IReadOnlyList<string> texts, string? pattern, RecipeStore store, ImageContext context)
    {
        var references = new List<string>(pattern is null ? [] : [pattern]);
        foreach (var text in texts)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                throw new ImageException($"{command}: --filter {text}: KEY=VALUE is expected.", ImageExit.Usage);
            }

            var (key, value) = (text[..equals].Trim().ToLowerInvariant(), text[(equals + 1)..].Trim());
            if (key == "reference")
            {
                references.Add(value);
                continue;
            }

            _all.Add(Filter(command, text, key, value, store, context));
        }

        // docker: several references are alternatives, everything else must hold together.
        if (references.Count > 0)
        {
            _all.Add(image => image.Name is not null && references.Exists(r => Refers(command, r, image.Name)));
        }
    }

    public bool Match(ListedImage image) => _all.TrueForAll(f => f(image));

    private static Func<ListedImage, bool> Filter(string command, string text, string key, string value, RecipeStore store, ImageContext context)
    {
        switch (key)
        {
            case "dangling" when value is "true" or "1" or "false" or "0":
                var dangling = value is "true" or "1";
                return image => image.Recipe.Names.Count == 0 == dangling;
            case "before" or "since":
                var other = (store.Find(value) ?? throw ImageVerbs.NotBuilt(value)).Created;
                return image => key == "before" ? image.Recipe.Created < other : image.Recipe.Created > other;
            case "until" when PastTime.Parse(value, context.Time.GetUtcNow()) is { } end:
                return image => image.Recipe.Created < end;
            case "label" or "label!":
                context.Warn($"--filter {text}: {ImageLabels.Unknown}.");
                return image => HasLabel(image.Recipe, value, context) == (key == "label");
            case "dangling":
                throw new ImageException($"{command}: --filter {text}: true or false is expected.", ImageExit.Usage);
            case "until":
                throw new ImageException($"{command}: --filter {text}: an age like 24h, seconds since 1970 or a date is expected.", ImageExit.Usage);
            default:
                throw new ImageException($"{command}: --filter {text}: \"{key}\" is not known (dangling, reference, before, since, until, label), so nothing is listed.", ImageExit.Usage);
        }
    }

    private static bool HasLabel(Recipe recipe, string label, ImageContext context)
    {
        var equals = label.IndexOf('=', StringComparison.Ordinal);
        return ImageLabels.Of(recipe, context.Variable).TryGetValue(equals < 0 ? label : label[..equals], out var value) && (equals < 0 || value == label[(equals + 1)..]);
    }

    // reference.FamiliarMatch; and a plain name in its long form.
    private static bool Refers(string command, string pattern, ImageReference name)
    {
        try
        {
            return PathGlob.Matches(pattern, $"{name.Familiar}:{name.Tag}") || PathGlob.Matches(pattern, name.Familiar)
                || PathGlob.Matches(pattern, name.Full) || PathGlob.Matches(pattern, name.Name);
        }
        catch (FormatException e)
        {
            throw new ImageException($"{command}: the pattern {pattern} is wrong: {e.Message}.", ImageExit.Usage, e);
        }
    }
}
