using PodExecutor.Driver.Options;

namespace PodExecutor.Tests.Unit.Options;

/// <summary>Declarations, reference, schema and example say the same.</summary>
public sealed class ReferenceTests
{
    private const string Example = "deploy/config.example.toml";

    private static readonly TableDescription Root = OptionsFile.Describe();

    [Fact]
    public void Reference_IsWhatTheDeclarationsSay() =>
        Same(SettingsMarkdown.Write(Root), "docs/" + ReferenceCommand.Markdown);

    [Fact]
    public void Schema_IsWhatTheDeclarationsSay() =>
        Same(SettingsSchema.Write(Root), "docs/" + ReferenceCommand.Schema);

    [Fact]
    public void Example_HasNoProblem()
    {
        var (_, problems) = OptionsFile.Parse(Repository.Read(Example), Path.Combine(Repository.Root, Example));

        Assert.Empty(problems);
    }

    [Fact]
    public void Example_HasEveryKey()
    {
        var present = TomlKeys.Of(Repository.Read(Example)).ToHashSet();

        Assert.Equal([], Root.All().Select(k => TomlKeys.Named(k.Path)).Except(present));
    }

    [Fact]
    public void Keys_AreDeclaredOnceAndExplained()
    {
        var keys = Root.All().ToList();

        Assert.Empty(keys.GroupBy(k => k.Path).Where(g => g.Count() > 1).Select(g => g.Key));
        Assert.All(keys, k => Assert.True(k.Key.Meaning.EndsWith('.') && k.Key.Meaning.Length > 3, k.Path));
        Assert.Empty(keys.Select(k => k.Key.Name).Intersect(OtherKeys.All.Select(k => k.Name)));
    }

    private static void Same(string expected, string file) => Assert.True(
        expected == Repository.Read(file),
        $"{file} is not what the declarations in executor/Driver/Options/Tables say. Write it anew: pod-executor settings-reference docs");
}
