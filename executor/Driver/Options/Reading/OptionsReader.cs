using System.Globalization;

namespace PodExecutor.Driver.Options;

/// <summary>
/// Reads one table of the options file, and thereby declares its keys: name, type, default and meaning stand once, where the
/// key is read. With a <see cref="TableDescription"/> the same declarations become the reference. A key that nobody asked
/// for is an error. Nothing stops at the first problem.
/// </summary>
internal sealed class OptionsReader(TomlTable table, OptionsSource source, string path, TableDescription? description = null, HashSet<string>? known = null)
{
    private readonly HashSet<string> _known = known ?? new(StringComparer.Ordinal);
    private string _section = "";

    public OptionsSource Source => source;

    /// <summary>The table's name, "kubernetes.volumes".</summary>
    public string Path => path;

    /// <summary>The heading in the reference for the keys that follow.</summary>
    public OptionsReader Section(string title)
    {
        _section = title;
        return this;
    }

    /// <summary>The same table, for keys that the reference has elsewhere.</summary>
    public OptionsReader Undescribed() => new(table, source, path, null, _known);

    /// <summary>Declares a key; the call that follows says its type and reads it.</summary>
    /// <param name="job">The variable by which a job may ask for another value, if there is one.</param>
    public OptionsKey Key(string name, KeyMark mark, string meaning, string? job = null) => new(this, name, mark, meaning, job);

    /// <summary>The sub-table; an empty one if it is not there.</summary>
    public T Table<T>(string name, string meaning, Func<OptionsReader, T> read) =>
        Nested(name, "a table", $"[{Full(name)}]", v => v as TomlTable) is { } inner
            ? Inner(inner, name, meaning, TableShape.One, read)
            : Inner(new TomlTable(table.Line), name, meaning, TableShape.One, read);

    /// <summary>The tables of [[name]].</summary>
    public IReadOnlyList<T> Tables<T>(string name, string meaning, Func<OptionsReader, T> read)
    {
        var list = Nested(name, "a list of tables", $"[[{Full(name)}]]", v =>
            v is List<TomlValue> items && items.TrueForAll(i => i.Value is TomlTable) ? items : null) ?? [];
        Describe(name, meaning, TableShape.List, read);
        return [.. list.Select(item => Inner((TomlTable)item.Value, name, meaning, TableShape.List, read, describe: false))];
    }

    /// <summary>The tables of [name.ANYTHING] by their names.</summary>
    public IReadOnlyDictionary<string, T> NamedTables<T>(string name, string meaning, Func<OptionsReader, TomlTable, T> read)
    {
        var outer = Nested(name, "tables with names", $"[{Full(name)}.NAME]", v =>
            v is TomlTable named && named.Values.Values.All(i => i.Value is TomlTable) ? named : null);
        Describe(name, meaning, TableShape.Named, r => read(r, new TomlTable(0)));
        return (outer?.Values ?? []).ToDictionary(
            v => v.Key, v => read(new OptionsReader((TomlTable)v.Value.Value, source with { Partial = true }, $"{Full(name)}.{v.Key}"), (TomlTable)v.Value.Value), StringComparer.Ordinal);
    }

    /// <summary>Names every key that nobody asked for.</summary>
    public void Done()
    {
        foreach (var (key, value) in table.Values.Where(v => !_known.Contains(v.Key)))
        {
            if (OtherKeys.Find(key) is { } other)
            {
                Add(value.Line, key, other.IsNeeded ? "is not supported" : "is not needed", $"{other.Why} {other.Instead}".Trim());
                continue;
            }

            var near = Nearest(key);
            Add(value.Line, key, "is not a known key", near is null ? "Remove it." : $"Did you mean {near}?");
        }
    }

    public void Problem(string key, string what, string remedy) =>
        Add(table.Values.TryGetValue(key, out var value) ? value.Line : table.Line, key, what, remedy);

    /// <summary>True if the file has the key.</summary>
    public bool Has(string key) => table.Values.ContainsKey(key);

    /// <summary>The key's value, or null if it is not there or not what is expected; then there is a problem.</summary>
    /// <param name="convert">Null if the value does not fit.</param>
    public object? Read(OptionsKey key, KeyShape shape, Func<object, object?> convert)
    {
        description?.Keys.Add(new KeyDescription(key.Name, shape, key.Meaning, key.Mark, key.Job, _section));
        _known.Add(key.Name);
        if (!table.Values.TryGetValue(key.Name, out var found))
        {
            return null;
        }

        var value = convert(found.Value);
        if (value is null)
        {
            Add(found.Line, key.Name, $"must be {shape.Expected}, not {Show(found.Value)}", $"Write {key.Name} = {shape.Example}.");
        }

        return value;
    }

    private T Inner<T>(TomlTable inner, string name, string meaning, TableShape shape, Func<OptionsReader, T> read, bool describe = true)
    {
        var reader = new OptionsReader(inner, source, Full(name), describe ? description?.Add(name, meaning, shape, _section) : null);
        var result = read(reader);
        reader.Done();
        return result;
    }

    /// <summary>The keys of a list's element, even if the list is empty.</summary>
    private void Describe<T>(string name, string meaning, TableShape shape, Func<OptionsReader, T> read)
    {
        if (description is not null)
        {
            read(new OptionsReader(new TomlTable(0), source, Full(name), description.Add(name, meaning, shape, _section)));
        }
    }

    private T? Nested<T>(string name, string expected, string example, Func<object, T?> convert)
        where T : class
    {
        _known.Add(name);
        if (!table.Values.TryGetValue(name, out var found))
        {
            return null;
        }

        var value = convert(found.Value);
        if (value is null)
        {
            Add(found.Line, name, $"must be {expected}, not {Show(found.Value)}", $"Write {example}.");
        }

        return value;
    }

    private static string Show(object value) => value switch
    {
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        TomlTable => "a table",
        List<TomlValue> => "a list",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private void Add(int line, string key, string what, string remedy) =>
        source.Problems.Add(new OptionsProblem(source.File, line, Full(key), what, remedy));

    private string Full(string key) => path.Length == 0 ? key : $"{path}.{key}";

    private string? Nearest(string key) =>
        _known.Select(k => (Key: k, Distance: EditDistance(key.ToLowerInvariant(), k))).Where(k => k.Distance <= 3)
            .OrderBy(k => k.Distance).Select(k => k.Key).FirstOrDefault();

    private static int EditDistance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
