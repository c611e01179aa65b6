namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>Puts the file together before anything is read from it: include: local, extends, !reference, in GitLab's order.</summary>
internal sealed class Composition(string projectDirectory, ProblemList problems)
{
    // GitLab's limits (nested !reference, extends, include).
    private const int MaxReferences = 10;
    private const int MaxExtends = 11;
    private const int MaxIncludes = 150;

    private readonly HashSet<string> _included = new(StringComparer.Ordinal);

    public YamlMap? Load(string path, string shownAs)
    {
        var root = Read(path, shownAs);
        if (root is null)
        {
            return null;
        }

        var whole = Include(root);
        var extended = new YamlMap(whole.Place, [.. whole.Entries.Select(e => e with { Value = Extend(whole, e, []) })]);
        return (YamlMap)Resolve(extended, extended, 0);
    }

    private YamlMap? Read(string path, string shownAs) => new YamlSource(shownAs, problems).Parse(File.ReadAllText(path));

    /// <summary>Included files lie under the including one: what it says wins.</summary>
    private YamlMap Include(YamlMap file)
    {
        if (file.Find("include") is not { } include)
        {
            return file;
        }

        var own = new YamlMap(file.Place, [.. file.Entries.Where(e => e.Key != "include")]);
        var below = new YamlMap(file.Place, []);
        foreach (var item in include.Value is YamlList list ? list.Items : [include.Value])
        {
            if (LocalPath(item) is { } path && Local(path, item.Place) is { } included)
            {
                below = below.MergedWith(included);
            }
        }

        return below.MergedWith(own);
    }

    private YamlMap? Local(string path, Place place)
    {
        if (!_included.Add(path) || _included.Count > MaxIncludes)
        {
            return null;
        }

        var full = Path.GetFullPath(Path.Combine(projectDirectory, path));
        if (!full.StartsWith(projectDirectory.TrimEnd('/') + "/", StringComparison.Ordinal) || !File.Exists(full))
        {
            problems.Error(place, $"include: local: \"{path}\" is not in {projectDirectory}. The path is relative to the project's root");
            return null;
        }

        return Read(full, path) is { } map ? Include(map) : null;
    }

    private string? LocalPath(YamlValue item)
    {
        const string How = "Only local files without wildcards can be included: copy the file into the working copy and include it with local";
        switch (item)
        {
            case YamlScalar text when !text.Text.Contains("://", StringComparison.Ordinal) && !text.Text.Contains('*', StringComparison.Ordinal):
                return text.Text.TrimStart('/');
            case YamlMap map when map.Find("local")?.Value is YamlScalar local && map.Entries.Count == 1 && !local.Text.Contains('*', StringComparison.Ordinal):
                return local.Text.TrimStart('/');
            case YamlMap map:
                problems.Error(item.Place, $"include: {string.Join(", ", map.Entries.Select(e => e.Key))} is not supported. {How}");
                return null;
            default:
                problems.Error(item.Place, $"include: {item.Kind} is not supported. {How}");
                return null;
        }
    }

    private YamlValue Extend(YamlMap whole, YamlEntry job, IReadOnlyList<string> chain)
    {
        if (job.Value is not YamlMap map || map.Find("extends") is not { } extends)
        {
            return job.Value;
        }

        var below = new YamlMap(map.Place, []);
        foreach (var parent in extends.Value is YamlList list ? list.Items : [extends.Value])
        {
            var name = (parent as YamlScalar)?.Text ?? "";
            if (chain.Contains(name) || name == job.Key || chain.Count >= MaxExtends)
            {
                problems.Error(parent.Place, $"extends: {name}: {string.Join(" → ", [.. chain, job.Key, name])} is a circle or deeper than {MaxExtends}");
            }
            else if (whole.Find(name) is not { } entry || Extend(whole, entry, [.. chain, job.Key]) is not YamlMap found)
            {
                problems.Error(parent.Place, $"extends: there is no job \"{name}\" in this file or its includes");
            }
            else
            {
                below = below.MergedWith(found);
            }
        }

        return below.MergedWith(new YamlMap(map.Place, [.. map.Entries.Where(e => e.Key != "extends")]));
    }

    private YamlValue Resolve(YamlMap whole, YamlValue value, int depth)
    {
        switch (value)
        {
            case YamlReference reference when depth >= MaxReferences:
                problems.Error(reference.Place, $"{reference.Kind}: references lead on more than {MaxReferences} times: is it a circle?");
                return new YamlScalar(reference.Place, "", true);
            case YamlReference reference when Follow(whole, reference.Path) is { } found:
                return Resolve(whole, found, depth + 1);
            case YamlReference reference:
                problems.Error(reference.Place, $"{reference.Kind}: there is nothing of that name in this file or its includes");
                return new YamlScalar(reference.Place, "", true);
            case YamlList list:
                return new YamlList(list.Place, [.. list.Items.Select(i => Resolve(whole, i, depth))]);
            case YamlMap map:
                return new YamlMap(map.Place, [.. map.Entries.Select(e => e with { Value = Resolve(whole, e.Value, depth) })]);
            default:
                return value;
        }
    }

    private static YamlValue? Follow(YamlMap whole, IReadOnlyList<string> path)
    {
        YamlValue? value = whole;
        foreach (var key in path)
        {
            value = (value as YamlMap)?.Find(key)?.Value;
        }

        return value;
    }
}
