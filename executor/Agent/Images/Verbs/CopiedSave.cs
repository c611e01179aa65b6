using PodExecutor.Agent.Images.Copies;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Transfers;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>save of what was pulled or loaded: byte for byte what it is. No builder takes part.</summary>
internal static class CopiedSave
{
    /// <param name="name">As it was given: that name goes into the archive, by id all that the image has.</param>
    /// <param name="file">Null: stdout.</param>
    public static async Task<int> RunAsync(VerbCall call, Recipe recipe, string name, string? file, CancellationToken cancel)
    {
        var context = call.Context;
        using var images = await RegistryImages.OpenAsync([], call.Insecure(call.Globals) || recipe.Arguments.Contains("--insecure-registry"), context, cancel);
        try
        {
            var source = images.Source(ImageOrigin.Parse(recipe.Origin!));
            var facts = await ImageFacts.ReadAsync(source, await source.GetAsync(recipe.Digest!, cancel), null, cancel);
            var given = recipe.Names.Where(n => n == name || ImageReference.Parse(n).Full == Full(name)).ToList();
            await using var output = file is null ? context.OpenOutput() : new ReplacingFileStream(context.At(file));
            await using (var archive = new ArchiveWriter(source, output, context))
            {
                await archive.WriteAsync(facts, given.Count > 0 ? given : recipe.Names, cancel);
            }

            (output as ReplacingFileStream)?.Complete();
            return ImageExit.Success;
        }
        catch (Exception e) when (e is TransferException or IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"{name} is not saved: {e.Message}", ImageExit.Failure, e);
        }
    }

    private static string? Full(string name) => name.StartsWith("sha256:", StringComparison.Ordinal) ? null : ImageReference.Parse(name).Full;
}
