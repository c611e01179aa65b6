namespace PodExecutor.Driver.Options;

/// <summary>Lays one table over another. Values keep their lines.</summary>
internal static class TomlMerge
{
    /// <summary>What tells one element of a list of tables from another.</summary>
    private static readonly string[] Identities = ["name", "ip"];

    /// <param name="without">Keys of the upper table that are left out.</param>
    public static TomlTable Over(TomlTable lower, TomlTable upper, params IReadOnlyList<string> without)
    {
        var result = new TomlTable(upper.Line);
        foreach (var (key, value) in lower.Values)
        {
            result.Values[key] = value;
        }

        foreach (var (key, value) in upper.Values.Where(v => !without.Contains(v.Key)))
        {
            result.Values[key] = result.Values.TryGetValue(key, out var below) ? Over(below, value) : value;
        }

        return result;
    }

    private static TomlValue Over(TomlValue lower, TomlValue upper) => (lower.Value, upper.Value) switch
    {
        (TomlTable below, TomlTable above) => new TomlValue(Over(below, above), upper.Line),
        (List<TomlValue> below, List<TomlValue> above) when AreTables(below) && AreTables(above) => new TomlValue(Joined(below, above), upper.Line),
        _ => upper,
    };

    private static bool AreTables(List<TomlValue> list) => list.Count > 0 && list.TrueForAll(i => i.Value is TomlTable);

    private static List<TomlValue> Joined(List<TomlValue> below, List<TomlValue> above) =>
        [.. below.Where(b => !above.Exists(a => Identity(a) is { } name && name == Identity(b))), .. above];

    private static string? Identity(TomlValue value) =>
        value.Value is TomlTable table ? Identities.Select(i => table.Values.GetValueOrDefault(i)?.Value as string).FirstOrDefault(v => v is not null) : null;
}
