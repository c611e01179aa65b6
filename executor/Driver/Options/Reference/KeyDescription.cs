namespace PodExecutor.Driver.Options;

/// <summary>How many people who come from gitlab-runner's [runners.kubernetes] need the key; what the driver must have, first.</summary>
internal enum KeyMark
{
    /// <summary>In use today wherever there is a Kubernetes runner.</summary>
    P0,

    /// <summary>The next thing that such users ask for.</summary>
    P1,

    /// <summary>Larger or regulated clusters.</summary>
    P2,

    /// <summary>Rare.</summary>
    P3,

    /// <summary>Only pod-executor has it.</summary>
    Own,
}

internal enum KeyType
{
    Text,
    Flag,
    Number,
    Duration,
    Quantity,
    Bytes,
    Pattern,
    Word,
    Texts,
    Words,
    Numbers,
    Map,
    ApiObject,
}

/// <summary>What a key's value must be.</summary>
/// <param name="Expected">After "must be", in a message.</param>
/// <param name="Example">After "key = ", in a message.</param>
/// <param name="Default">For the reference; null if there is none.</param>
internal sealed record KeyShape(KeyType Type, string Expected, string Example, string? Default = null)
{
    public bool IsRequired { get; init; }

    public IReadOnlyList<string> Words { get; init; } = [];
}

/// <summary>A key of the options file, for the reference and for tools.</summary>
/// <param name="Job">The variable by which a job may ask for another value.</param>
/// <param name="Section">The heading that it stands under.</param>
internal sealed record KeyDescription(string Name, KeyShape Shape, string Meaning, KeyMark Mark, string? Job, string Section);

internal enum TableShape
{
    One,

    /// <summary>[[name]]</summary>
    List,

    /// <summary>[name.ANYTHING]</summary>
    Named,
}

/// <summary>A table of the options file with its keys and the tables in it, filled by reading an empty file.</summary>
internal sealed record TableDescription(string Name, string Meaning, TableShape Shape, string Section)
{
    public List<KeyDescription> Keys { get; } = [];

    public List<TableDescription> Tables { get; } = [];

    public TableDescription Add(string name, string meaning, TableShape shape, string section)
    {
        var table = new TableDescription(name, meaning, shape, section);
        Tables.Add(table);
        return table;
    }

    /// <summary>All keys below, with their tables: "kubernetes.volumes.pvc.name".</summary>
    public IEnumerable<(string Path, KeyDescription Key)> All(string prefix = "") =>
        Keys.Select(k => (prefix + k.Name, k)).Concat(Tables.SelectMany(t => t.All($"{prefix}{t.Name}.")));
}
