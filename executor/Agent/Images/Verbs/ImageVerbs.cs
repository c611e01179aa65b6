using PodExecutor.Agent.Images.CommandLine;
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
            new("format"), new("filter", FlagKind.List, 'f') { Ignored = "the list has this job's images only" }, new("names", FlagKind.Switch));
        var wanted = flags.Operands.Count > 0 ? ImageReference.Parse(flags.Operands[0]) : null;
        var rows = new RecipeStore(call.Context.StateDirectory).All()
            .SelectMany(recipe => recipe.Names.DefaultIfEmpty(null).Select(name => (Recipe: recipe, Name: name is null ? null : ImageReference.Parse(name))))
            .Where(r => wanted is null || (r.Name?.Name == wanted.Name && (wanted.Tag is null || r.Name.Tag == wanted.Tag)));
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
        var missing = false;
        foreach (var name in flags.AtLeastOne("IMAGE…").Select(n => n.Trim()))
        {
            var done = store.Remove(name);
            foreach (var line in done)
            {
                call.Context.Output.WriteLine(line);
            }

            if (done.Count == 0)
            {
                // With --force docker and nerdctl only mention it.
                missing |= !flags.IsSet("force");
                call.Context.Log.WriteLine($"no such image: {name}");
            }
        }

        return Task.FromResult(missing ? ImageExit.Failure : ImageExit.Success);
    }

    public static Task<int> Inspect(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(new("format", FlagKind.Value, 'f'), new("mode"), new("type"), new("size", FlagKind.Switch, 's'), new("platform"));
        var store = new RecipeStore(call.Context.StateDirectory);
        var recipes = flags.AtLeastOne("IMAGE…").Select(n => store.Find(n) ?? throw NotBuilt(n)).ToList();
        if (flags.Last("format") is { } format)
        {
            recipes.ForEach(r => call.Context.Output.WriteLine(GoTemplate.Expand(format, ImageFields.Of(r))));
        }
        else
        {
            ImageFields.WriteJson(call.Context.Output, recipes);
        }

        return Task.FromResult(ImageExit.Success);
    }

    public static ImageException NotBuilt(string name) => new(
        $"No such image: {name}. This job has not built it (\"images\" lists what it has). An image of another job or registry must be pulled first, or loaded.");
}
