using System.Text;
using System.Text.RegularExpressions;
using Examples;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Readme;

/// <summary>What the library's README shows is compiled, run against the real BuildKit 0.25, and does what it says.</summary>
public sealed partial class ReadmeTests
{
    private readonly StringBuilder _console = new();

    [Fact]
    public void Blocks_OfTheReadme_AreTheExamplesThatAreRunHere()
    {
        var blocks = Fences().Matches(Resource("README.md"));

        Assert.All(blocks, b => Assert.Equal("csharp", b.Groups["language"].Value));   // another language needs a test of its own here
        Assert.Equal(Regions().Matches(Resource("Examples.cs")).Select(r => Outdented(r.Groups["text"].Value)), blocks.Select(b => b.Groups["text"].Value));
    }

    [Fact]
    public async Task Build_OfAGoodDockerfile_PrintsTheDigestOfThePushedImage()
    {
        using var project = new Project($"FROM {Testbed.Base}\nARG VERSION\nRUN echo $VERSION > /version\n");

        var name = await BuildAsync(project);

        using var image = await RegistryImage.PullAsync(name, TestContext.Current.CancellationToken);
        Assert.Equal(image.Digest + "\n", _console.ToString());
        Assert.Equal("1.2\n", (await image.FilesAsync(TestContext.Current.CancellationToken))["version"]);
    }

    [Fact]
    public async Task Build_OfAStepThatFails_PrintsItsLines()
    {
        using var project = new Project($"FROM {Testbed.Base}\n# before\nRUN exit 7\n# after\n# later\n# too late\n");

        await BuildAsync(project);

        Assert.Contains("exit code: 7", _console.ToString(), StringComparison.Ordinal);
        Assert.EndsWith($" (exit code 7)\n     1 FROM {Testbed.Base}\n     2 # before\n>    3 RUN exit 7\n     4 # after\n     5 # later\n", _console.ToString(), StringComparison.Ordinal);
    }

    private async Task<string> BuildAsync(Project project)
    {
        var name = $"{Testbed.LoginRegistry}/readme/{Guid.NewGuid():N}:1";
        await using var console = new StringWriter(_console);
        await new ReadmeExamples(console).BuildAsync(
            $"tcp://127.0.0.1:{Testbed.Port()}", project.Context, name, Testbed.LoginRegistry, Testbed.User, Testbed.Password, TestContext.Current.CancellationToken);
        return name;
    }

    /// <summary>The text of a file as it was when this was compiled.</summary>
    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(ReadmeTests).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private static string Outdented(string text)
    {
        var lines = text.Split('\n');
        var indent = lines.Where(l => l.Length > 0).Min(l => l.Length - l.TrimStart().Length);
        return string.Join('\n', lines.Select(l => l.Length == 0 ? l : l[indent..]));
    }

    [GeneratedRegex("^```(?<language>\\w*)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fences();

    [GeneratedRegex("^ *#region [^\n]*\n(?<text>.*?)^ *#endregion$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Regions();
}
