using System.Globalization;

namespace PodExecutor.Driver.Options;

/// <summary>
/// Reads one table of the options file. Every key that is asked for is thereby known; a key that nobody asked for is an
/// error. Nothing stops at the first problem.
/// </summary>
internal sealed class OptionsReader(TomlTable table, string file, string path, List<OptionsProblem> problems)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public string? Text(string key) => Read<string>(key, "a text in quotes", $"{key} = \"…\"");

    public string Text(string key, string fallback) => Text(key) ?? fallback;

    public bool Flag(string key, bool fallback) => Read<object>(key, "true or false", $"{key} = true", v => v is bool ? v : null) as bool? ?? fallback;

    /// <summary>A whole number of seconds within the bounds; a Go-style duration ("90s", "5m") is as good.</summary>
    public TimeSpan Seconds(string key, int fallback, int least, int most)
    {
        var value = Read<object>(key, $"seconds from {least} to {most}", $"{key} = {fallback}", v => AsSeconds(v) is { } s && s >= least && s <= most ? s : null);
        return TimeSpan.FromSeconds(value as double? ?? fallback);
    }

    public int? Number(string key, int least, int most) =>
        Read<object>(key, $"a whole number from {least} to {most}", $"{key} = {least}", v => v is long n && n >= least && n <= most ? (int)n : null) as int?;

    public bool Has(string key) => table.Values.ContainsKey(key);

    /// <summary>A number of bytes, or a quantity as Kubernetes writes it; 0 if it is not there.</summary>
    public long Bytes(string key) => Read<object>(key, "a number of bytes", $"{key} = \"5Gi\"", AsBytes) as long? ?? 0;

    /// <summary>A list of texts; a single text stands for a list of one.</summary>
    public IReadOnlyList<string> Texts(string key) =>
        Read<IReadOnlyList<string>>(key, "a list of texts", $"{key} = [\"…\"]", AsTexts) ?? [];

    public IReadOnlyDictionary<string, string> Map(string key) =>
        Read<IReadOnlyDictionary<string, string>>(key, "a table of texts", $"{key} = {{ name = \"…\" }}", AsMap)
        ?? new Dictionary<string, string>();

    /// <summary>One of the given words.</summary>
    public string? Word(string key, params IReadOnlyList<string> words) =>
        Read<string>(key, $"one of {string.Join(", ", words)}", $"{key} = \"{words[0]}\"", v => v is string s && words.Contains(s) ? s : null);

    /// <summary>A text that must be there and not be empty.</summary>
    public string Required(string key)
    {
        var value = Text(key);
        if (string.IsNullOrWhiteSpace(value))
        {
            Problem(table.Line, key, "is missing", $"Add {key} = \"…\".");
        }

        return value ?? "";
    }

    /// <summary>The sub-table; an empty one if it is not there.</summary>
    public OptionsReader Table(string key)
    {
        var inner = Read<TomlTable>(key, "a table", $"[{Full(key)}]");
        return new OptionsReader(inner ?? new TomlTable(table.Line), file, Full(key), problems);
    }

    /// <summary>The tables of [[key]].</summary>
    public IReadOnlyList<T> Tables<T>(string key, Func<OptionsReader, T> read)
    {
        var list = Read<List<TomlValue>>(key, "a list of tables", $"[[{Full(key)}]]", v =>
            v is List<TomlValue> items && items.TrueForAll(i => i.Value is TomlTable) ? items : null) ?? [];
        var result = new List<T>();
        foreach (var item in list)
        {
            var reader = new OptionsReader((TomlTable)item.Value, file, Full(key), problems);
            result.Add(read(reader));
            reader.Done();
        }

        return result;
    }

    /// <summary>Names every key that nobody asked for.</summary>
    public void Done()
    {
        foreach (var (key, value) in table.Values.Where(v => !_known.Contains(v.Key)))
        {
            var near = Nearest(key);
            Problem(value.Line, key, "is not a known key", near is null ? "Remove it." : $"Did you mean {near}?");
        }
    }

    public void Problem(string key, string what, string remedy) =>
        Problem(table.Values.TryGetValue(key, out var value) ? value.Line : table.Line, key, what, remedy);

    private static double? AsSeconds(object value) => value switch
    {
        long seconds => seconds,
        string text when GoDuration.TryParse(text, out var duration) => duration.TotalSeconds,
        _ => null,
    };

    private static object? AsBytes(object value) => value switch
    {
        long number and >= 0 => number,
        string text when Pods.Quantities.ToBytes(text) is { } number => number,
        _ => null,
    };

    private static List<string>? AsTexts(object value) => value switch
    {
        string one => [one],
        List<TomlValue> items when items.TrueForAll(i => i.Value is string) => [.. items.Select(i => (string)i.Value)],
        _ => null,
    };

    private static Dictionary<string, string>? AsMap(object value) =>
        value is TomlTable inner && inner.Values.Values.All(v => v.Value is string)
            ? inner.Values.ToDictionary(v => v.Key, v => (string)v.Value.Value, StringComparer.Ordinal)
            : null;

    private static string Show(object value) => value switch
    {
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        TomlTable => "a table",
        List<TomlValue> => "a list",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private T? Read<T>(string key, string expected, string example, Func<object, T?>? convert = null)
        where T : class
    {
        _known.Add(key);
        if (!table.Values.TryGetValue(key, out var found))
        {
            return null;
        }

        var value = convert is null ? found.Value as T : convert(found.Value);
        if (value is null)
        {
            Problem(found.Line, key, $"must be {expected}, not {Show(found.Value)}", $"Write {example}.");
        }

        return value;
    }

    private void Problem(int line, string key, string what, string remedy) =>
        problems.Add(new OptionsProblem(file, line, Full(key), what, remedy));

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
