namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>A piece of the file, with its place, after anchors and merge keys.</summary>
internal abstract record YamlValue(Place Place)
{
    /// <summary>As messages name it.</summary>
    public abstract string Kind { get; }
}

/// <param name="IsPlain">Not in quotes: true, 3 and null have their YAML meaning.</param>
internal sealed record YamlScalar(Place Place, string Text, bool IsPlain) : YamlValue(Place)
{
    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";

    public override string Kind => IsNull ? "nothing" : $"\"{Text}\"";
}

internal sealed record YamlList(Place Place, IReadOnlyList<YamlValue> Items) : YamlValue(Place)
{
    public override string Kind => "a list";
}

internal sealed record YamlMap(Place Place, IReadOnlyList<YamlEntry> Entries) : YamlValue(Place)
{
    public override string Kind => "a mapping";

    public YamlEntry? Find(string key) => Entries.FirstOrDefault(e => e.Key == key);

    /// <summary>This with the other's entries over it: mappings are merged, all else is replaced.</summary>
    public YamlMap MergedWith(YamlMap over)
    {
        var merged = Entries.ToList();
        foreach (var entry in over.Entries)
        {
            var index = merged.FindIndex(e => e.Key == entry.Key);
            if (index < 0)
            {
                merged.Add(entry);
                continue;
            }

            merged[index] = merged[index].Value is YamlMap below && entry.Value is YamlMap above
                ? entry with { Value = below.MergedWith(above) }
                : entry;
        }

        return new YamlMap(over.Place, merged);
    }
}

/// <summary>!reference [job, key, …], not yet looked up.</summary>
internal sealed record YamlReference(Place Place, IReadOnlyList<string> Path) : YamlValue(Place)
{
    public override string Kind => $"!reference [{string.Join(", ", Path)}]";
}

internal sealed record YamlEntry(string Key, Place Place, YamlValue Value);
