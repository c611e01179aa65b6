using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Listing;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>The verbs that only look at what this job has built, pulled or loaded: images, tag, rmi, inspect.</summary>
internal static class ImageVerbs
{
    public static Task<int> List(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(
            new("quiet", FlagKind.Switch, 'q'), new("all", FlagKind.Switch, 'a'), new("digests", FlagKind.Switch), new("no-trunc", FlagKind.Switch),
            new("format"), new("filter", FlagKind.List, 'f'), new("names", FlagKind.Switch));
        var pattern = flags.Operands.Count <= 1 ? flags.Operands.FirstOrDefault() : flags.Exactly(1, "REPOSITORY[:TAG]")[0];
        var store = new RecipeStore(call.Context.StateDirectory);
        var rows = ListedImage.Of(store.All()).Where(new ImageFilters(call.Command, flags.All("filter"), pattern, store, call.Context).Match).ToList();
        if (flags.IsSet("quiet"))
        {
            foreach (var id in rows.Select(r => flags.IsSet("no-trunc") ? r.Recipe.Id : r.Recipe.ShortId).Distinct())
            {
                call.Context.Output.WriteLine(id);
            }

            return Task.FromResult(ImageExit.Success);
        }

        ImageList.Write(call.Context.Output, rows, new ImageListStyle(flags.IsSet("digests"), flags.IsSet("no-trunc"), flags.Last("format")), call.Context.Time.GetUtcNow());
        return Task.FromResult(ImageExit.Success);
    }

    public static Task<int> Tag(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var operands = call.Parse().Exactly(2, "IMAGE NEW-NAME");
        var name = ImageReference.Parse(operands[1]).Full;
        var done = new RecipeStore(call.Context.StateDirectory).Change(operands[0], r => r.Names.Contains(name) ? r : r with { Names = [.. r.Names, name] });
        return done is null ? throw NotBuilt(operands[0]) : Task.FromResult(ImageExit.Success);
    }

    public static Task<int> Remove(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(new("force", FlagKind.Switch, 'f'), new("no-prune", FlagKind.Switch), new("async", FlagKind.Switch), new("platform"));
        var store = new RecipeStore(call.Context.StateDirectory);
        var failed = false;
        foreach (var name in flags.AtLeastOne("IMAGE…").Select(n => n.Trim()))
        {
            var byId = NamesById(store, name);
            if (byId.Count > 1 && !flags.IsSet("force"))
            {
                // docker: an id with several names is no clear wish.
                failed = true;
                call.Context.Log.WriteLine(
                    $"Error response from daemon: conflict: unable to delete {name} (must be forced) - image is referenced in multiple repositories: {string.Join(", ", byId)}. Name one of them, or add -f for all.");
                continue;
            }

            var done = store.Remove(name);
            while (byId.Count > 0 && store.Remove(name) is { Count: > 0 } more)
            {
                // Each build that came to this image has a recipe of its own.
                done = [.. done.SkipLast(1), .. more];
            }

            foreach (var line in done)
            {
                call.Context.Output.WriteLine(line);
            }

            if (done.Count == 0)
            {
                // With --force docker and nerdctl only mention it.
                failed |= !flags.IsSet("force");
                call.Context.Log.WriteLine($"no such image: {name}");
            }
        }

        return Task.FromResult(failed ? ImageExit.Failure : ImageExit.Success);
    }

    /// <summary>All names of the image that is meant by its id; none if a name is meant.</summary>
    private static List<string> NamesById(RecipeStore store, string text) => store.Find(text) is { } found && !found.Names.Contains(ImageReference.Parse(text).Full)
        ? [.. store.All().Where(r => r.Id == found.Id).SelectMany(r => r.Names)]
        : [];

    public static Task<int> Inspect(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(new("format", FlagKind.Value, 'f'), new("mode"), new("type"), new("size", FlagKind.Switch, 's'), new("platform"));
        var store = new RecipeStore(call.Context.StateDirectory);
        var recipes = flags.AtLeastOne("IMAGE…").Select(n => store.Find(n) ?? throw NotBuilt(n)).ToList();
        var fields = recipes.Select(r => ImageFields.Of(r, call.Context.Variable)).ToList();
        if (flags.Last("format") is { Length: > 0 } format)
        {
            fields.ForEach(f => call.Context.Output.WriteLine(GoTemplate.Expand(format, f)));
        }
        else
        {
            call.Context.Output.WriteLine(ImageFields.Json(fields));
        }

        return Task.FromResult(ImageExit.Success);
    }

    public static ImageException NotBuilt(string name) => new(
        $"No such image: {name}. This job has not built it (\"images\" lists what it has). An image of another job or registry must be pulled first, or loaded.");
}
