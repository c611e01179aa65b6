namespace PodExecutor.Driver.Options;

/// <summary>What all readers of one options file share.</summary>
/// <param name="File">Its name, for messages.</param>
/// <param name="Problems">Gets what is wrong.</param>
internal sealed record OptionsSource(string File, List<OptionsProblem> Problems)
{
    /// <summary>True for a part of a table, in which a required key may be missing.</summary>
    public bool Partial { get; init; }

    /// <summary>Reads a file that a key names, relative to the options file.</summary>
    public Func<string, string> ReadFile { get; init; } = System.IO.File.ReadAllText;

    public string ReadBeside(string name) => ReadFile(Path.Combine(Path.GetDirectoryName(File) ?? "", name));
}
