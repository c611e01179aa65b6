using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Options;

/// <summary>Reads the options file, strictly: an unknown or wrong key is an error, and all errors are told at once.</summary>
internal static class OptionsFile
{
    /// <exception cref="FailureException">The file cannot be read or has problems.</exception>
    public static ExecutorOptions Load(string path) => Load(ReadText(path), path);

    /// <param name="file">For messages.</param>
    /// <exception cref="FailureException">The text has problems.</exception>
    public static ExecutorOptions Load(string text, string file)
    {
        var (options, problems) = Parse(text, file);
        return problems.Count == 0 ? options : throw new FailureException([.. problems.Select(p => p.ToFailure())]);
    }

    /// <exception cref="FailureException">The file cannot be read.</exception>
    public static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException(new Failure(
                FailureKind.System, $"The options file {path} cannot be read", e.Message, "Name the right file with --config FILE."), e);
        }
    }

    /// <summary>The options, usable only if there is no problem.</summary>
    public static (ExecutorOptions Options, IReadOnlyList<OptionsProblem> Problems) Parse(string text, string file)
    {
        var source = new OptionsSource(file, []);
        var root = TomlDocument.Parse(text, file, source.Problems);
        return Parse(root, source);
    }

    /// <inheritdoc cref="Parse(string, string)"/>
    public static (ExecutorOptions Options, IReadOnlyList<OptionsProblem> Problems) Parse(TomlTable root, OptionsSource source)
    {
        var options = source.Problems.Count > 0
            ? new ExecutorOptions { Kubernetes = new KubernetesOptions { Namespace = "", HelperImage = "" } }
            : Read(root, source, null);
        return (options, [.. source.Problems.Distinct()]);
    }

    /// <summary>Every key that the file may have: what an empty file is asked for.</summary>
    public static TableDescription Describe()
    {
        var root = new TableDescription("", "", TableShape.One, "");
        Read(new TomlTable(1), new OptionsSource("", []), root);
        return root;
    }

    /// <summary>One line for each table of the file; each is read in a file of its own in Tables/.</summary>
    private static ExecutorOptions Read(TomlTable file, OptionsSource source, TableDescription? description)
    {
        var root = new OptionsReader(file, source, "", description);
        var options = new ExecutorOptions
        {
            Kubernetes = root.Table("kubernetes", "The cluster and the jobs' pods; keys and meanings as in gitlab-runner's `[runners.kubernetes]`.", KubernetesTable.Read),
            Cache = root.Has(CacheTable.Name) || description is not null ? root.Table(CacheTable.Name, CacheTable.Meaning, CacheTable.Read) : null,
            Builder = root.Table("builder", BuilderTable.Meaning, BuilderTable.Policy),
            Builders = root.Tables("builders", BuilderTable.ListMeaning, BuilderTable.Builder),
        };
        var kubernetes = file.Values.GetValueOrDefault("kubernetes")?.Value as TomlTable ?? new TomlTable(1);
        options = options with
        {
            Profiles = root.NamedTables("profiles", ProfileTable.Meaning, (read, table) => ProfileTable.Read(read, table, kubernetes)),
        };
        root.Done();
        return options;
    }
}
