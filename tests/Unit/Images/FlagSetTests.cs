using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Tests.Unit.Images;

public sealed class FlagSetTests
{
    private static readonly FlagSet Flags = new(
        "docker build",
        new("tag", FlagKind.List, 't'), new("file", FlagKind.Value, 'f'), new("quiet", FlagKind.Switch, 'q'), new("debug", FlagKind.Switch, 'D'), new("pull", FlagKind.Optional),
        new("squash", FlagKind.Switch) { Refused = "use stages." }, new("memory", FlagKind.Value, 'm') { Ignored = "limits hold" });

    [Theory]
    [InlineData("--tag", "a")]
    [InlineData("--tag=a")]
    [InlineData("-t", "a")]
    [InlineData("-ta")]
    [InlineData("-t=a")]
    [InlineData("-qt", "a")]
    [InlineData("-qDta")]
    public void Value_InEveryForm_IsRead(params string[] arguments)
    {
        var parsed = Flags.Parse([.. arguments, "."]);

        Assert.Equal(["a"], parsed.All("tag"));
        Assert.Equal(["."], parsed.Operands);
    }

    [Fact]
    public void Operands_AnywhereAndBehindDashes_StayInOrder()
    {
        var parsed = Flags.Parse(["one", "-q", "-", "--tag", "x", "--", "--tag", "-q"]);

        Assert.Equal(["one", "-", "--tag", "-q"], parsed.Operands);
        Assert.Equal(["x"], parsed.All("tag"));
    }

    [Theory]
    [InlineData(true, "--quiet")]
    [InlineData(true, "--quiet=true")]
    [InlineData(false, "--quiet=false")]
    [InlineData(false, "--quiet", "--quiet=0")]
    public void Switch_WithAndWithoutValue_IsRead(bool expected, params string[] arguments) =>
        Assert.Equal(expected, Flags.Parse(arguments).IsSet("quiet"));

    [Theory]
    [InlineData("--squash=false")]
    [InlineData("--squash=0")]
    [InlineData("--squash=F")]
    public void Switch_ThatIsRefused_MayBeOff(string argument)
    {
        var parsed = Flags.Parse([argument, "."]);

        Assert.False(parsed.IsSet("squash"));
        Assert.Empty(parsed.Notes);
    }

    [Theory]
    [InlineData("--squash changes nothing here: BuildKit has no squash", "--squash")]
    [InlineData("", "--squash=false")]
    [InlineData("--security-opt changes nothing here", "--security-opt", "seccomp=unconfined")]
    [InlineData("", "--ipfs=false")]
    public void BuildFlags_OfOldPipelines_AreNotedWhereTheyChangeNothing(string note, params string[] arguments)
    {
        var parsed = BuildFlags.Table("docker build").Parse([.. arguments, "."]);

        Assert.Equal(["."], parsed.Operands);
        Assert.StartsWith(note, parsed.Notes.SingleOrDefault() ?? "", StringComparison.Ordinal);
        Assert.Equal(note.Length > 0, parsed.Notes.Count > 0);
    }

    [Fact]
    public void Optional_DoesNotTakeTheNextArgument()
    {
        var parsed = Flags.Parse(["--pull", "."]);

        Assert.True(parsed.IsSet("pull"));
        Assert.Equal(["."], parsed.Operands);
    }

    [Fact]
    public void Problems_AreToldAllAtOnce()
    {
        var error = Assert.Throws<ImageException>(() => Flags.Parse(["--nonsense", "x", "-z", "--squash", "--quiet=perhaps", "--tag"]));

        Assert.Equal(ImageExit.Usage, error.ExitCode);
        Assert.Contains("unknown flag: --nonsense", error.Message);
        Assert.Contains("unknown shorthand flag: 'z' in -z", error.Message);
        Assert.Contains("--squash cannot be served: use stages.", error.Message);
        Assert.Contains("--quiet=perhaps", error.Message);
        Assert.Contains("flag needs a value: --tag", error.Message);
    }

    [Fact]
    public void Ignored_IsTakenWithItsValueAndNoted()
    {
        var parsed = Flags.Parse(["-m", "2g", "."]);

        Assert.Equal(["."], parsed.Operands);
        Assert.Equal(["--memory changes nothing here: limits hold"], parsed.Notes);
    }

    [Theory]
    [InlineData("type=local,dest=out", "type=local|dest=out")]
    [InlineData("type=image,\"name=a,b\",push=true", "type=image|name=a,b|push=true")]
    [InlineData("id=x,\"src=say \"\"hi\"\".txt\"", "id=x|src=say \"hi\".txt")]
    public void CsvFields_Quoted_AreOneField(string text, string fields)
    {
        Assert.Equal(fields.Split('|'), CsvFields.Split(text));
        Assert.Equal(fields.Split('|'), CsvFields.Split(CsvFields.Join(CsvFields.Pairs(text).Select(p => KeyValuePair.Create(p.Key, p.Value!)))));
    }

    [Theory]
    [InlineData("\"type=local")]
    [InlineData("ty\"pe=local")]
    [InlineData("\"a\"b,c")]
    public void CsvFields_WithDamagedQuotes_AreRefused(string text) => Assert.Throws<FormatException>(() => CsvFields.Split(text));
}
