namespace PodExecutor.Agent.Images.CommandLine;

/// <summary>A command line as given, in its order.</summary>
internal sealed class ParsedFlags(string command)
{
    private readonly List<(string Name, string Value)> _given = [];

    /// <summary>As the user called it: "docker build".</summary>
    public string Command { get; } = command;

    public List<string> Operands { get; } = [];

    /// <summary>Flags that were taken and change nothing, with the reason.</summary>
    public List<string> Notes { get; } = [];

    public void Add(string name, string value) => _given.Add((name, value));

    public bool Has(string name) => _given.Exists(g => g.Name == name);

    public bool IsSet(string name) => GoBoolean.IsTrue(Last(name));

    public IReadOnlyList<string> All(string name) => [.. _given.Where(g => g.Name == name).Select(g => g.Value)];

    public string? Last(string name) => _given.FindLast(g => g.Name == name).Value;

    /// <summary>A flag's value that is a list of fields. A field that is there twice counts as it was given last.</summary>
    /// <exception cref="ImageException">A field without a value, or quotes that do not fit.</exception>
    public Dictionary<string, string> Fields(string flag, string text)
    {
        try
        {
            var fields = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (key, value) in CsvFields.Pairs(text))
            {
                fields[key] = value ?? (key is "push" or "unpack" or "reset" ? "true" : throw Wrong($"--{flag} {Keys.Hidden(text)}: \"{key}\" has no value"));
            }

            return fields;
        }
        catch (FormatException e)
        {
            throw Wrong($"--{flag} {Keys.Hidden(text)}: {e.Message}");
        }
    }

    public ImageException Wrong(string what) => new($"{Command}: {what}.", ImageExit.Usage);

    /// <summary>Exactly as many operands as a verb takes.</summary>
    /// <exception cref="ImageException">Fewer or more.</exception>
    public IReadOnlyList<string> Exactly(int count, string what) => Operands.Count == count
        ? Operands
        : throw new ImageException($"{Command}: {count} argument{(count == 1 ? "" : "s")} expected ({what}), {Operands.Count} given.", ImageExit.Usage);

    /// <exception cref="ImageException">None at all.</exception>
    public IReadOnlyList<string> AtLeastOne(string what) => Operands.Count > 0
        ? Operands
        : throw new ImageException($"{Command}: at least one argument expected ({what}).", ImageExit.Usage);
}
