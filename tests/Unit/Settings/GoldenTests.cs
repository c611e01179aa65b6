using PodExecutor.Driver.Options;
using PodExecutor.Tests.Unit.Options;

namespace PodExecutor.Tests.Unit.Settings;

/// <summary>
/// A folder per case: options.toml and job.json give expected.yaml. POD_EXECUTOR_GOLDEN=write writes the expectations anew; read
/// the difference before committing it.
/// </summary>
public sealed class GoldenTests
{
    private const string Folder = "tests/Unit/Settings/Cases";

    /// <summary>What each key of the options file does, in every case that sets it.</summary>
    private static readonly Lazy<IReadOnlySet<string>> KeysThatMatter = new(FindKeysThatMatter);

    public static TheoryData<string> Cases => [.. Directory.GetDirectories(Path.Combine(Repository.Root, Folder)).Select(d => Path.GetFileName(d)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Case_OfTheFolder_GivesItsExpectation(string name)
    {
        var folder = PathOf(name);
        var actual = Outcome.Of(Options(folder), folder);
        if (Environment.GetEnvironmentVariable("POD_EXECUTOR_GOLDEN") == "write")
        {
            File.WriteAllText(Path.Combine(folder, "expected.yaml"), actual);
        }

        Assert.Equal(Repository.Read($"{Folder}/{name}/expected.yaml"), actual);
    }

    /// <summary>Each key is in a case that comes out differently without it: so somebody reads it.</summary>
    [Fact]
    public void Keys_EveryOneOfThem_ChangeAPod() => Assert.Equal(
        [], OptionsFile.Describe().Tables.Where(t => t.Name is "kubernetes" or "profiles").SelectMany(t => t.All(t.Name + ".")).Select(k => TomlKeys.Named(k.Path)).Except(KeysThatMatter.Value));

    /// <summary>Each overwrite by a variable is in a case.</summary>
    [Fact]
    public void Overwrites_EveryOneOfThem_AreInACase()
    {
        var jobs = string.Concat(Cases.Select(c => File.ReadAllText(Path.Combine(PathOf(c.Data), "job.json"))));
        var variables = OptionsFile.Describe().All().Select(k => k.Key.Job).OfType<string>().Where(j => j.StartsWith("KUBERNETES_", StringComparison.Ordinal)).Select(j => j.TrimEnd('*'));

        Assert.Equal([], variables.Where(v => !jobs.Contains($"\"{v}", StringComparison.Ordinal)));
    }

    private static HashSet<string> FindKeysThatMatter()
    {
        var found = new HashSet<string>();
        foreach (var folder in Cases.Select(c => PathOf(c.Data)))
        {
            var options = Options(folder);
            var whole = Outcome.Of(options, folder);
            foreach (var (path, table, key) in Keys(options, "").Where(k => !found.Contains(k.Path)).ToList())
            {
                var value = table.Values[key];
                table.Values.Remove(key);
                if (Outcome.Of(options, folder) != whole)
                {
                    found.Add(path);
                }

                table.Values[key] = value;
            }
        }

        return found;
    }

    private static IEnumerable<(string Path, TomlTable Table, string Key)> Keys(TomlTable table, string prefix) => table.Values.SelectMany(v =>
    {
        var path = prefix + (prefix == "profiles." ? "NAME" : v.Key);
        var inner = v.Value.Value switch
        {
            TomlTable one => Keys(one, path + "."),
            List<TomlValue> list => list.Select(i => i.Value).OfType<TomlTable>().SelectMany(t => Keys(t, path + ".")),
            _ => [],
        };
        return inner.Prepend((path, table, v.Key));
    });

    private static string PathOf(string name) => Path.Combine(Repository.Root, Folder, name);

    private static TomlTable Options(string folder)
    {
        var problems = new List<OptionsProblem>();
        var table = TomlDocument.Parse(File.ReadAllText(Path.Combine(folder, "options.toml")), "options.toml", problems);
        Assert.Empty(problems);
        return table;
    }
}
