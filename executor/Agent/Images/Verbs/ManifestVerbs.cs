using System.Text;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>docker manifest: the older way to one index over images of several jobs. A list is begun in the job and reaches the registry with push.</summary>
internal static class ManifestVerbs
{
    private static readonly Flag Insecure = new("insecure", FlagKind.Switch);

    public static async Task<int> CreateAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(Insecure, new("amend", FlagKind.Switch, 'a'));
        var operands = flags.AtLeastOne("LIST IMAGE…");
        var list = ImagetoolsVerbs.Target(call, operands[0]);
        var sources = operands.Skip(1).Select(ImageReference.Parse).ToList();
        if (sources.Count == 0)
        {
            throw new ImageException($"{call.Command}: of which images? Name at least one after {list.Full}.", ImageExit.Usage);
        }

        var store = new ManifestListStore(call.Context.StateDirectory);
        var before = store.Find(list.Full);
        if (before is not null && !flags.IsSet("amend"))
        {
            throw new ImageException($"{call.Command}: there is a list {list.Full} already. Add to it with --amend, or begin anew after `manifest rm {list.Full}`.", ImageExit.Usage);
        }

        using var images = await RegistryImages.OpenAsync([], call.Insecure(flags) || flags.IsSet("insecure"), call.Context, cancel);
        var entries = (before?.Entries ?? []).Where(e => sources.TrueForAll(s => s.Full != e.Reference)).ToList();
        foreach (var source in sources)
        {
            entries.Add(new ManifestListEntry(source.Full, (await images.ManifestAsync(source, cancel)).Digest));
        }

        store.Put(new ManifestList(list.Full, entries));
        call.Context.Output.WriteLine($"Created manifest list {list.Full}");
        return ImageExit.Success;
    }

    public static Task<int> Annotate(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        const string rare = "images for Windows are not built here";
        var flags = call.Parse(new("arch"), new("os"), new("variant"), new("os-version") { Refused = rare }, new("os-features", FlagKind.List) { Refused = rare });
        var operands = flags.Exactly(2, "LIST IMAGE");
        var (store, list) = Known(call, operands[0]);
        var image = ImageReference.Parse(operands[1]).Full;
        if (!list.Entries.Any(e => e.Reference == image))
        {
            throw new ImageException($"{call.Command}: {image} is not in the list {list.Name}, which has {string.Join(", ", list.Entries.Select(e => e.Reference))}.", ImageExit.Usage);
        }

        store.Put(list with { Entries = [.. list.Entries.Select(e => e.Reference == image ? Annotated(e) : e)] });
        return Task.FromResult(ImageExit.Success);

        ManifestListEntry Annotated(ManifestListEntry entry) => entry with
        {
            Os = flags.Last("os") ?? entry.Os,
            Architecture = flags.Last("arch") ?? entry.Architecture,
            Variant = flags.Last("variant") ?? entry.Variant,
        };
    }

    public static async Task<int> PushAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(Insecure, new("purge", FlagKind.Switch, 'p'));
        var (store, list) = Known(call, flags.Exactly(1, "LIST")[0]);
        using var images = await RegistryImages.OpenAsync([ImageReference.Parse(list.Name)], call.Insecure(flags) || flags.IsSet("insecure"), call.Context, cancel);
        var index = await IndexAsync(images, list, ImageReference.Parse(list.Name), cancel);
        await images.PutAsync(ImageReference.Parse(list.Name), index, cancel);
        if (flags.IsSet("purge"))
        {
            store.Remove(list.Name);
        }

        call.Context.Output.WriteLine(index.Digest);
        return ImageExit.Success;
    }

    public static async Task<int> InspectAsync(VerbCall call, CancellationToken cancel)
    {
        var name = call.Arguments.LastOrDefault(a => !a.StartsWith('-'));
        if (name is null || new ManifestListStore(call.Context.StateDirectory).Find(ImageReference.Parse(name).Full) is not { } list)
        {
            return await ImagetoolsVerbs.InspectAsync(call, cancel);
        }

        using var images = await RegistryImages.OpenAsync([], call.Arguments.Contains("--insecure") || call.Insecure(call.Globals), call.Context, cancel);
        call.Context.Output.WriteLine(Encoding.UTF8.GetString((await IndexAsync(images, list, null, cancel)).Content));
        return ImageExit.Success;
    }

    public static Task<int> Remove(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        foreach (var name in call.Parse().AtLeastOne("LIST…"))
        {
            var (store, list) = Known(call, name);
            store.Remove(list.Name);
        }

        return Task.FromResult(ImageExit.Success);
    }

    /// <param name="target">Where its images are brought to; null: they stay where they are.</param>
    private static async Task<Manifest> IndexAsync(RegistryImages images, ManifestList list, ImageReference? target, CancellationToken cancel)
    {
        var parts = new List<PartImage>();
        foreach (var entry in list.Entries)
        {
            var source = ImageReference.Parse(entry.Reference) with { Digest = entry.Digest };
            var image = await images.FindAsync(source, cancel);
            if (target is not null)
            {
                await images.BringAsync(source, new Manifest(image.MediaType, image.Content!), target, isNamed: true, cancel);
            }

            parts.Add(entry is { Os: null, Architecture: null, Variant: null } ? image : JoinedImage.Annotated(image, Platform));

            string Platform(string own) => own.Split('/') is var parts && parts is [var os, var architecture, ..]
                ? string.Join('/', new[] { entry.Os ?? os, entry.Architecture ?? architecture, entry.Variant ?? (entry.Architecture is null ? parts.ElementAtOrDefault(2) : null) }.Where(p => p is { Length: > 0 }))
                : own;
        }

        return JoinedImage.Of([], parts, new Dictionary<string, string>());
    }

    private static (ManifestListStore Store, ManifestList List) Known(VerbCall call, string name)
    {
        var store = new ManifestListStore(call.Context.StateDirectory);
        var full = ImageReference.Parse(name).Full;
        return (store, store.Find(full) ?? throw new ImageException($"No such manifest list: {full}. Begin it with `manifest create {full} IMAGE…`, in this job.", ImageExit.Usage));
    }
}
