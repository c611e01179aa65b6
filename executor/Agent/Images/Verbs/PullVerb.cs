using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Copies;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>
/// pull: looks an image up in its registry and remembers what was found there. No layer is fetched: what follows a pull in a pipeline is mostly tag and push, and those
/// copy from registry to registry.
/// </summary>
internal static class PullVerb
{
    public static async Task<int> RunAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(
            new("quiet", FlagKind.Switch, 'q'), new("platform", FlagKind.List), new("disable-content-trust", FlagKind.Optional), new("unpack"), new("all-platforms", FlagKind.Switch),
            new("all-tags", FlagKind.Switch, 'a') { Refused = "name the tags that are wanted, each by a pull" }, new("verify"));
        var name = ImageReference.Parse(flags.Exactly(1, "NAME")[0]);
        var platform = Platform(call, flags);
        if (flags.Last("verify") is not (null or "none"))
        {
            throw new ImageException($"{call.Command} --verify: signatures are not verified here; call cosign verify.", ImageExit.Usage);
        }

        using var images = await RegistryImages.OpenAsync([], call.Insecure(flags), call.Context, cancel);
        var facts = await FindAsync(images, name, platform, cancel);

        // What this job has built itself and pushed as this name it can also make anew.
        var store = new RecipeStore(call.Context.StateDirectory);
        if (store.Find(name.Full) is not { Origin: null } own || own.Pushed.GetValueOrDefault(name.Full) != facts.Manifest.Digest)
        {
            store.Add(CopiedRecipe.Of(new ImageOrigin(name, null, facts.Manifest.Digest), facts, [name.Full], call.Insecure(flags), store));
        }

        Tell(call.Context.Output, name, facts, flags.IsSet("quiet"));
        return ImageExit.Success;
    }

    /// <summary>The platform that is asked for, or null.</summary>
    public static string? Platform(VerbCall call, ParsedFlags flags)
    {
        var wanted = flags.IsSet("all-platforms") ? [] : flags.All("platform").SelectMany(p => p.Split(',')).ToList();
        return wanted.Count < 2 ? wanted.FirstOrDefault()
            : throw new ImageException($"{call.Command} --platform {string.Join(',', wanted)}: give one platform, or none for the whole index.", ImageExit.Usage);
    }

    private static async Task<ImageFacts> FindAsync(RegistryImages images, ImageReference name, string? platform, CancellationToken cancel)
    {
        try
        {
            return await images.FactsAsync(name, platform, cancel);
        }
        catch (ImageException e) when (e.InnerException is Transfers.TransferException { IsMissing: true })
        {
            // docker's words, which scripts look for.
            throw new ImageException($"manifest for {Shown(name)} not found: manifest unknown. It was never pushed under this name, was cleaned up, or is hidden from the login of this job.", ImageExit.Failure, e);
        }
    }

    private static void Tell(TextWriter output, ImageReference name, ImageFacts facts, bool isQuiet)
    {
        if (!isQuiet)
        {
            output.WriteLine($"{(name.Digest is null ? name.Tag ?? "latest" : name.Full)}: Pulling from {name.Path}");
            output.WriteLine($"Digest: {facts.Manifest.Digest}");
            output.WriteLine($"Status: Image is up to date for {Shown(name)}");
        }

        output.WriteLine(name.Full);
    }

    private static string Shown(ImageReference name) => name.Familiar + name.Full[name.Name.Length..];
}
