using System.Text.Json;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Recipes;

/// <summary>The recipes of this job, newest first, in one file that only the job's user may read. Several builds may run at once.</summary>
internal sealed class RecipeStore(string directory)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(20);

    private string FilePath => Path.Combine(directory, "recipes.json");

    /// <summary>A folder for what a build needs again at its push: a Dockerfile or context that came by stdin.</summary>
    public string NewAttachments(string name) => NewFolder("stdin", name);

    /// <summary>A folder for what a builder is told of a build's files.</summary>
    public string NewRecord() => NewFolder("records", Guid.NewGuid().ToString("N"));

    /// <exception cref="ImageException">The file is damaged.</exception>
    public IReadOnlyList<Recipe> All()
    {
        using var _ = Locked();
        return Read();
    }

    /// <summary>By any of its names, or by the beginning of its id.</summary>
    public Recipe? Find(string name) => Select(All(), name);

    /// <summary>Adds an image; its names are taken from those that had them. The same image under other names keeps those, and the way in which it was made then.</summary>
    public void Add(Recipe recipe)
    {
        using var _ = Locked();
        Write([recipe, .. Without(Read(), recipe.Names).Where(r => r.Id != recipe.Id || r.Names.Count > 0)]);
    }

    /// <summary>Changes the image that is found under a name now.</summary>
    /// <returns>The changed one, or null if there is none.</returns>
    public Recipe? Change(string name, Func<Recipe, Recipe> change)
    {
        using var _ = Locked();
        var all = Read();
        if (Select(all, name) is not { } found)
        {
            return null;
        }

        var changed = change(found);
        Write([.. all.Select(r => ReferenceEquals(r, found) ? changed : r with { Names = [.. r.Names.Except(changed.Names)] })]);
        return changed;
    }

    /// <summary>Takes a name from an image, or removes the image if it was named by its id or had no other name.</summary>
    /// <returns>What was done, as docker says it; empty if there is no such image.</returns>
    public IReadOnlyList<string> Remove(string name)
    {
        using var _ = Locked();
        var all = Read();
        if (Select(all, name) is not { } found)
        {
            return [];
        }

        var full = TryFull(name);
        var left = full is not null && found.Names.Contains(full) ? found.Names.Where(n => n != full).ToList() : [];
        Write([.. all.SelectMany(r => !ReferenceEquals(r, found) ? [r] : left.Count > 0 ? [r with { Names = left }] : Array.Empty<Recipe>())]);
        List<string> done = [.. found.Names.Except(left).Select(n => "Untagged: " + ImageReference.Parse(n).Familiar + Tag(n))];
        return left.Count > 0 ? done : [.. done, "Deleted: " + found.Id];
    }

    private static string Tag(string name) => ImageReference.Parse(name).Tag is { } tag ? ":" + tag : "";

    private static Recipe? Select(IReadOnlyList<Recipe> all, string name)
    {
        var full = TryFull(name);
        var id = name.StartsWith("sha256:", StringComparison.Ordinal) ? name : "sha256:" + name;
        return all.FirstOrDefault(r => full is not null && r.Names.Contains(full))
            ?? (full is not null && ImageReference.Parse(full) is { Digest: { } digest } pushed ? all.FirstOrDefault(r => HasDigest(r, pushed.Name, digest)) : null)
            ?? (name.Length >= 4 ? all.FirstOrDefault(r => r.Id.StartsWith(id, StringComparison.Ordinal)) : null);
    }

    private static bool HasDigest(Recipe recipe, string repository, string digest) =>
        recipe.Pushed.Any(p => p.Value == digest && ImageReference.Parse(p.Key).Name == repository)
        || (recipe.Digest == digest && recipe.Names.Any(n => ImageReference.Parse(n).Name == repository));

    private static string? TryFull(string name)
    {
        try
        {
            return ImageReference.Parse(name).Full;
        }
        catch (ImageException)
        {
            return null;
        }
    }

    private static IEnumerable<Recipe> Without(IReadOnlyList<Recipe> all, IReadOnlyList<string> names) =>
        all.Select(r => r with { Names = [.. r.Names.Except(names)] });

    private FileStream Locked() => Writing(() =>
    {
        Directory.CreateDirectory(directory, Private);
        return FileLock.Take(Path.Combine(directory, "lock"), LockPatience);
    });

    private string NewFolder(string kind, string name) =>
        Writing(() => Directory.CreateDirectory(Path.Combine(Directory.CreateDirectory(directory, Private).FullName, kind, name), Private).FullName);

    private T Writing<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImageException(
                $"{e.Message} This job's images are remembered in {directory} ({ImageContext.StateVariable}), where the script's user must be able to write.", ImageExit.Failure, e);
        }
    }

    private IReadOnlyList<Recipe> Read()
    {
        if (!File.Exists(FilePath))
        {
            return [];
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), RecipeJson.Default.RecipeList)?.Recipes ?? [];
        }
        catch (JsonException e)
        {
            throw new ImageException($"The list of this job's images, {FilePath}, is damaged: {e.Message} Remove it and build again.", ImageExit.Failure, e);
        }
    }

    private void Write(IReadOnlyList<Recipe> recipes) => Writing(() =>
    {
        var fresh = FilePath + ".new";
        File.Delete(fresh);
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var file = new FileStream(fresh, create))
        {
            JsonSerializer.Serialize(file, new RecipeList(recipes), RecipeJson.Default.RecipeList);
        }

        File.Move(fresh, FilePath, overwrite: true);
        return true;
    });
}
