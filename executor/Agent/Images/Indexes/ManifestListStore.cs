using System.Text.Json;
using System.Text.Json.Serialization;

namespace PodExecutor.Agent.Images.Indexes;

/// <param name="Reference">As it was named, with registry and tag.</param>
/// <param name="Digest">What was found there: the list names that, whatever the tag becomes.</param>
internal sealed record ManifestListEntry(string Reference, string Digest)
{
    /// <summary>What `manifest annotate` has set; null: the image's own. So the next two.</summary>
    public string? Os { get; init; }

    public string? Architecture { get; init; }

    public string? Variant { get; init; }
}

/// <summary>A list that `docker manifest create` has begun, and that is in no registry yet.</summary>
internal sealed record ManifestList(string Name, IReadOnlyList<ManifestListEntry> Entries);

internal sealed record ManifestLists(IReadOnlyList<ManifestList> Lists);

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(ManifestLists))]
internal sealed partial class ManifestListJson : JsonSerializerContext;

/// <summary>The lists of this job, in a file of the job's user.</summary>
internal sealed class ManifestListStore(string directory)
{
    private string FilePath => Path.Combine(directory, "manifest-lists.json");

    /// <exception cref="ImageException">The file is damaged.</exception>
    public ManifestList? Find(string name) => Read().FirstOrDefault(l => l.Name == name);

    /// <param name="list">Takes the place of one with its name.</param>
    public void Put(ManifestList list) => Write([.. Read().Where(l => l.Name != list.Name), list]);

    /// <returns>Whether it was there.</returns>
    public bool Remove(string name)
    {
        var all = Read();
        Write([.. all.Where(l => l.Name != name)]);
        return all.Any(l => l.Name == name);
    }

    private IReadOnlyList<ManifestList> Read()
    {
        try
        {
            return File.Exists(FilePath) ? JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), ManifestListJson.Default.ManifestLists)?.Lists ?? [] : [];
        }
        catch (JsonException e)
        {
            throw new ImageException($"The manifest lists of this job, {FilePath}, are damaged: {e.Message} Remove the file and create them again.", ImageExit.Failure, e);
        }
    }

    private void Write(IReadOnlyList<ManifestList> lists)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllBytes(FilePath + ".new", JsonSerializer.SerializeToUtf8Bytes(new ManifestLists(lists), ManifestListJson.Default.ManifestLists));
        File.Move(FilePath + ".new", FilePath, overwrite: true);
    }
}
