using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>push: what this job has built, pulled or loaded goes to its registry, under one name or under all of a repository.</summary>
internal static class PushVerb
{
    private const string Unsigned = "images are pushed as they are";

    public static async Task<int> RunAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(
            new("all-tags", FlagKind.Switch, 'a'), new("quiet", FlagKind.Switch, 'q'), new("disable-content-trust", FlagKind.Optional), new("platform", FlagKind.List) { Ignored = "all that was built is pushed" },
            new("all-platforms", FlagKind.Switch), new("allow-nondistributable-artifacts", FlagKind.Switch), new("estargz", FlagKind.Switch) { Refused = "say it at the build: --output type=image,push=true,compression=estargz" },
            new("sign") { Refused = Unsigned + "; sign by digest with cosign afterwards" }, new("buildkit-host"), new("builder"));
        var name = ImageReference.Parse(flags.Exactly(1, "IMAGE")[0]);
        var store = new RecipeStore(call.Context.StateDirectory);
        var isAll = flags.IsSet("all-tags");
        List<(Recipe Recipe, IReadOnlyList<string> Names)> images = isAll
            ? [.. store.All().Select(r => (r, Names: (IReadOnlyList<string>)[.. r.Names.Where(n => ImageReference.Parse(n) is { Digest: null } tag && tag.Name == name.Name)])).Where(r => r.Names.Count > 0)]
            : store.Find(name.Full) is { } one ? [(one, [name.Full])] : [];
        if (images.Count == 0)
        {
            throw ImageVerbs.NotBuilt(isAll ? name.Name : name.Full);
        }

        var quiet = flags.IsSet("quiet");
        if (!quiet)
        {
            call.Context.Output.WriteLine($"The push refers to repository [{name.Name}]");
        }

        foreach (var (recipe, names) in images)
        {
            var (digest, size) = recipe.Origin is null
                ? await PushAsync(call, flags, store, recipe, names, cancel)
                : await CopiedPush.RunAsync(call, flags, store, recipe, names, cancel);
            foreach (var pushed in quiet ? [] : names)
            {
                // As docker says it: scripts look for it.
                call.Context.Output.WriteLine($"{ImageReference.Parse(pushed).Tag}: digest: {digest} size: {size}");
            }
        }

        if (quiet)
        {
            call.Context.Output.WriteLine(isAll ? name.Name : name.Full);
        }

        return ImageExit.Success;
    }

    /// <summary>One image under all these names.</summary>
    /// <returns>Digest and bytes of its manifest or index.</returns>
    private static async Task<(string Digest, long Size)> PushAsync(
        VerbCall call, ParsedFlags flags, RecipeStore store, Recipe recipe, IReadOnlyList<string> names, CancellationToken cancel)
    {
        var outcome = await Remake.RunAsync(
            recipe,
            call,
            request => request with
            {
                Tags = names,
                Push = true,
                Insecure = request.Insecure || call.Insecure(flags),
                Builder = flags.Last("buildkit-host") ?? flags.Last("builder") ?? request.Builder,
                Progress = flags.IsSet("quiet") ? "quiet" : request.Progress,
            },
            cancel);
        var digest = outcome.Digest ?? "";
        store.Change(names[0], r => r with
        {
            Id = outcome.Id ?? r.Id,
            Pushed = new Dictionary<string, string>([.. r.Pushed.Where(p => !names.Contains(p.Key)), .. names.Select(n => KeyValuePair.Create(n, digest))]),
            Digest = digest,
        });
        return (digest, outcome.Solve.ImageDescriptor is { } image && image.TryGetProperty("size", out var size) ? size.GetInt64() : 0);
    }
}
