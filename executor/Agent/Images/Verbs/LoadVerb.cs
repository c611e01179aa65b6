using System.Text.Json;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Copies;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Transfers;
using ZstdSharp;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>load: unpacks an archive, checks it and remembers its images, so that a push can send them. They stay in this pod.</summary>
internal static class LoadVerb
{
    public static async Task<int> RunAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(new("input", FlagKind.Value, 'i'), new("quiet", FlagKind.Switch, 'q'), new("platform", FlagKind.List), new("all-platforms", FlagKind.Switch), new("unpack"));
        flags.Exactly(0, "the archive comes by -i FILE or stdin");
        var store = new RecipeStore(call.Context.StateDirectory);
        var folder = store.NewAttachments(Guid.NewGuid().ToString("N"));
        var isLoaded = false;
        try
        {
            foreach (var image in await ReadAsync(call, flags, folder, cancel))
            {
                var origin = new ImageOrigin(null, folder, image.Facts.Manifest.Digest);
                store.Add(CopiedRecipe.Of(origin, image.Facts, image.Names, insecure: false, store));
                isLoaded = true;
                Tell(call.Context.Output, image);
            }
        }
        finally
        {
            if (!isLoaded)
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        return ImageExit.Success;
    }

    private static async Task<IReadOnlyList<ArchivedImage>> ReadAsync(VerbCall call, ParsedFlags flags, string folder, CancellationToken cancel)
    {
        var file = flags.Last("input");
        var what = file is null ? "The archive on stdin" : $"The archive {file}";
        if (file is not null && !File.Exists(call.Context.At(file)))
        {
            throw new ImageException($"open {file}: no such file or directory. It is looked for in {call.Context.Directory}; is it an artifact of a job that this one needs?");
        }

        try
        {
            using (var archive = file is null ? new BufferedStream(call.Context.OpenInput()) : (Stream)File.OpenRead(call.Context.At(file)))
            {
                ImageArchive.Unpack(archive, folder, cancel);
            }

            if (!File.Exists(Path.Combine(folder, "index.json")))
            {
                await ConvertAsync(folder, what, cancel);
            }

            return await new ArchivedImages(folder).ReadAsync(PullVerb.Platform(call, flags), cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or FormatException or ZstdException or TransferException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ImageException($"{what} cannot be loaded: {e.Message.TrimEnd('.')}.", ImageExit.Failure, e);
        }
    }

    private static Task ConvertAsync(string folder, string what, CancellationToken cancel) => File.Exists(Path.Combine(folder, "manifest.json"))
        ? new OldArchive(folder).ConvertAsync(cancel)
        : throw new ImageException($"{what} holds no image: it has neither index.json nor manifest.json. `docker save` and `docker build -o type=docker,dest=FILE` write such archives; a file system (`docker export`) becomes an image by ADD in a Dockerfile.");

    private static void Tell(TextWriter output, ArchivedImage image)
    {
        foreach (var name in image.Names.Select(ImageReference.Parse))
        {
            output.WriteLine($"Loaded image: {name.Familiar}{name.Full[name.Name.Length..]}");
        }

        if (image.Names.Count == 0)
        {
            output.WriteLine($"Loaded image ID: {image.Facts.Id}");
        }
    }
}
