using System.Text.RegularExpressions;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Options;

/// <summary>A declared key; each method gives it a type and reads it. What is wrong becomes a problem of the file.</summary>
internal readonly record struct OptionsKey(OptionsReader Reader, string Name, KeyMark Mark, string Meaning, string? Job)
{
    public string? Text() => (string?)Reader.Read(this, new KeyShape(KeyType.Text, "a text in quotes", "\"…\""), v => v as string);

    public string Text(string fallback) =>
        (string?)Reader.Read(this, new KeyShape(KeyType.Text, "a text in quotes", "\"…\"", fallback), v => v as string) ?? fallback;

    /// <summary>A text that must be there and not be empty.</summary>
    public string Required()
    {
        var value = (string?)Reader.Read(this, new KeyShape(KeyType.Text, "a text in quotes", "\"…\"") { IsRequired = true }, v => v as string);
        if (string.IsNullOrWhiteSpace(value) && (!Reader.Source.Partial || Reader.Has(Name)))
        {
            Reader.Problem(Name, Reader.Has(Name) ? "must not be empty" : "is missing", $"Add {Name} = \"…\".");
        }

        return value ?? "";
    }

    public bool Flag(bool fallback) =>
        (bool?)Reader.Read(this, new KeyShape(KeyType.Flag, "true or false", "true", fallback ? "true" : "false"), AsFlag) ?? fallback;

    /// <summary>Null: left to the cluster.</summary>
    public bool? Flag() => (bool?)Reader.Read(this, new KeyShape(KeyType.Flag, "true or false", "true"), AsFlag);

    /// <summary>A whole number of seconds within the bounds; a Go-style duration ("90s", "5m") is as good.</summary>
    public TimeSpan Seconds(int fallback, int least, int most) => Seconds(fallback, $"{fallback} s", least, most) ?? TimeSpan.FromSeconds(fallback);

    /// <inheritdoc cref="Seconds(int, int, int)"/>
    public TimeSpan? OptionalSeconds(int least, int most) => Seconds(least, null, least, most);

    /// <summary>A whole number, for example a user's or a group's.</summary>
    public long? Number(long least, long most) => (long?)Reader.Read(
        this, new KeyShape(KeyType.Number, $"a whole number from {least} to {most}", $"{least}"), v => v is long n && n >= least && n <= most ? n : null);

    public IReadOnlyList<long> Numbers(long least, long most) => (List<long>?)Reader.Read(
        this,
        new KeyShape(KeyType.Numbers, $"a list of whole numbers from {least} to {most}", $"[{least}]"),
        v => v is List<TomlValue> list && list.TrueForAll(i => i.Value is long n && n >= least && n <= most) ? list.ConvertAll(i => (long)i.Value) : null) ?? [];

    /// <summary>A list of texts; a single text stands for a list of one.</summary>
    public IReadOnlyList<string> Texts() =>
        (List<string>?)Reader.Read(this, new KeyShape(KeyType.Texts, "a list of texts", "[\"…\"]"), AsTexts) ?? [];

    public IReadOnlyDictionary<string, string> Map() => (IReadOnlyDictionary<string, string>?)Reader.Read(
        this, new KeyShape(KeyType.Map, "a table of texts", "{ name = \"…\" }"), AsMap) ?? new Dictionary<string, string>();

    /// <summary>One of the given words.</summary>
    public string? Word(params IReadOnlyList<string> words) => (string?)Reader.Read(
        this,
        new KeyShape(KeyType.Word, $"one of {string.Join(", ", words)}", $"\"{words[0]}\"") { Words = words },
        v => v is string s && words.Contains(s) ? s : null);

    /// <summary>Some of the given words; a single one stands for a list of one.</summary>
    public IReadOnlyList<string> Words(params IReadOnlyList<string> words) => (List<string>?)Reader.Read(
        this,
        new KeyShape(KeyType.Words, $"of {string.Join(", ", words)}, one or a list", $"\"{words[0]}\"") { Words = words },
        v => AsTexts(v) is { } texts && texts.TrueForAll(words.Contains) ? texts : null) ?? [];

    /// <summary>A Kubernetes quantity; empty is the same as absent, but for the default, which it switches off.</summary>
    public string? Quantity(string? fallback = null)
    {
        var shape = new KeyShape(KeyType.Quantity, "a Kubernetes quantity", "\"500m\", \"2\" or \"1Gi\"", fallback);
        var text = (string?)Reader.Read(this, shape, v => v is string s && Quantities.IsValid(s) ? s : null);
        return string.IsNullOrEmpty(text ?? fallback) ? null : text ?? fallback;
    }

    /// <summary>A number of bytes, or a quantity as Kubernetes writes it; 0 if it is not there.</summary>
    public long Bytes() => (long?)Reader.Read(this, new KeyShape(KeyType.Bytes, "a number of bytes", "\"5Gi\"", "0"), AsBytes) ?? 0;

    /// <summary>A regular expression that a job's wish must match; empty: no job may wish.</summary>
    public Regex? Pattern()
    {
        var shape = new KeyShape(KeyType.Pattern, "a regular expression (without look-around or back references)", "\"^team-.*$\"");
        return (Regex?)Reader.Read(this, shape, v => v is string s ? AsPattern(s) : null) is { } pattern && pattern.ToString().Length > 0 ? pattern : null;
    }

    /// <summary>A text, or a file that holds it.</summary>
    public string? FileText()
    {
        var name = (string?)Reader.Read(this, new KeyShape(KeyType.Text, "a file's name", "\"…\""), v => v as string);
        if (name is null)
        {
            return null;
        }

        try
        {
            return Reader.Source.ReadBeside(name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Reader.Problem(Name, $"the file \"{name}\" cannot be read: {e.Message}", "Name a file that the executor may read.");
            return null;
        }
    }

    /// <summary>A part of a pod as the Kubernetes API has it: a table with the API's names in snake_case, or YAML text.</summary>
    public T? ApiObject<T>()
        where T : class
    {
        var shape = new KeyShape(KeyType.ApiObject, $"a table or YAML text that fits {Api.NameOf<T>()} of the Kubernetes API", "'''…'''");
        return (T?)Reader.Read(this, shape, Api.Parse<T>);
    }

    private TimeSpan? Seconds(int example, string? fallback, int least, int most)
    {
        var shape = new KeyShape(KeyType.Duration, $"seconds from {least} to {most}", $"{example}", fallback);
        return Reader.Read(this, shape, v => AsSeconds(v) is { } s && s >= least && s <= most ? s : null) is double seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    private static object? AsFlag(object value) => value as bool?;

    private static double? AsSeconds(object value) => value switch
    {
        long seconds => seconds,
        string text when GoDuration.TryParse(text, out var duration) => duration.TotalSeconds,
        _ => null,
    };

    private static object? AsBytes(object value) => value switch
    {
        long and >= 0 => value,
        string text => Quantities.ToBytes(text),
        _ => null,
    };

    private static List<string>? AsTexts(object value) => value switch
    {
        string one => [one],
        List<TomlValue> items when items.TrueForAll(i => i.Value is string) => items.ConvertAll(i => (string)i.Value),
        _ => null,
    };

    private static Dictionary<string, string>? AsMap(object value) =>
        value is TomlTable inner && inner.Values.Values.All(v => v.Value is string)
            ? inner.Values.ToDictionary(v => v.Key, v => (string)v.Value.Value, StringComparer.Ordinal)
            : null;

    private static Regex? AsPattern(string text)
    {
        try
        {
            // As Go's: linear in the length of the input, which is the job's.
            return new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
