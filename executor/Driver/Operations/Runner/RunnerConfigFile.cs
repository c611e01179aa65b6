using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Runner;

/// <summary>gitlab-runner's config.toml as tables that know their lines. Holds tokens and keys: nothing here prints a value.</summary>
internal sealed record RunnerConfigFile(string Path, TomlTable Root)
{
    /// <summary>The [[runners]].</summary>
    public IReadOnlyList<RunnerEntry> Runners { get; } = Root.Values.TryGetValue("runners", out var value)
        ? [.. Tables(value).Select((table, index) => new RunnerEntry(table, index))]
        : [];

    /// <exception cref="FailureException">It cannot be read, or is no TOML.</exception>
    public static RunnerConfigFile Load(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException(
                new Failure(FailureKind.System, $"{path} cannot be read", e.Message, "Name gitlab-runner's config.toml, and run this as a user who may read it."), e);
        }
    }

    /// <exception cref="FailureException">It is no TOML.</exception>
    public static RunnerConfigFile Parse(string text, string path)
    {
        var problems = new List<OptionsProblem>();
        var root = TomlDocument.Parse(text, path, problems);

        // The parser's words may quote what stands there, which may be a token: only the place is told.
        return problems.Count == 0 ? new RunnerConfigFile(path, root) : throw new FailureException(
        [
            .. problems.Select(p => p.Line).Distinct().Select(line => new Failure(
                FailureKind.System, $"{path}:{line}: this is not valid TOML", null, "Correct the line; gitlab-runner itself refuses the file, too.")),
        ]);
    }

    private static IEnumerable<TomlTable> Tables(TomlValue value) => value.Value switch
    {
        List<TomlValue> items => items.Select(i => i.Value).OfType<TomlTable>(),
        TomlTable one => [one],
        _ => [],
    };
}

/// <summary>One of the [[runners]].</summary>
internal sealed record RunnerEntry(TomlTable Table, int Index)
{
    public string Name { get; } = Table.Text("name") is { Length: > 0 } name ? name : $"number {Index + 1}";

    public string Executor { get; } = Table.Text("executor") ?? "";
}

/// <summary>Reading without complaining: what is of another type than expected is not there.</summary>
internal static class TomlReading
{
    public static string? Text(this TomlTable table, string key) => table.Find(key) as string;

    public static long? Number(this TomlTable table, string key) => table.Find(key) as long?;

    public static bool? Flag(this TomlTable table, string key) => table.Find(key) as bool?;

    public static TomlTable? Table(this TomlTable table, string key) => table.Find(key) as TomlTable;

    public static IReadOnlyList<string> Texts(this TomlTable table, string key) =>
        table.Find(key) is List<TomlValue> items ? [.. items.Select(i => i.Value).OfType<string>()] : [];

    private static object? Find(this TomlTable table, string key) => table.Values.TryGetValue(key, out var value) ? value.Value : null;
}
