using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>push: what this job has built goes to its registry, under one name or under all of a repository.</summary>
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
        var names = flags.IsSet("all-tags")
            ? [.. store.All().SelectMany(r => r.Names).Where(n => ImageReference.Parse(n).Name == name.Name)]
            : new List<string> { name.Full };
        if (names.Count == 0)
        {
            throw ImageVerbs.NotBuilt(name.Name);
        }

        foreach (var full in names)
        {
            await PushAsync(call, flags, store, full, cancel);
        }

        return ImageExit.Success;
    }

    private static async Task PushAsync(VerbCall call, ParsedFlags flags, RecipeStore store, string name, CancellationToken cancel)
    {
        var recipe = store.Find(name) ?? throw ImageVerbs.NotBuilt(name);
        if (recipe.Origin is not null)
        {
            await CopiedPush.RunAsync(call, flags, store, recipe, name, cancel);
            return;
        }

        var quiet = flags.IsSet("quiet");
        var outcome = await Remake.RunAsync(
            recipe,
            call,
            request => request with
            {
                Tags = [name],
                Push = true,
                Insecure = request.Insecure || call.Insecure(flags),
                Builder = flags.Last("buildkit-host") ?? flags.Last("builder") ?? request.Builder,
                Progress = quiet ? "quiet" : request.Progress,
            },
            cancel);
        var digest = outcome.Digest ?? "";
        store.Change(name, r => r with { Pushed = new Dictionary<string, string>(r.Pushed) { [name] = digest }, Digest = digest });
        call.Context.Output.WriteLine(quiet ? name : $"{ImageReference.Parse(name).Tag}: digest: {digest} ({name})");
    }
}
