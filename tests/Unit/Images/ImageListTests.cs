using System.Text.Json;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Listing;
using PodExecutor.Agent.Images.Recipes;

namespace PodExecutor.Tests.Unit.Images;

public sealed class ImageListTests : IDisposable
{
    private static readonly DateTimeOffset Begin = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    private readonly ImageDesk _desk = new();
    private readonly RecipeStore _store;

    public ImageListTests()
    {
        _store = new RecipeStore(Path.Combine(_desk.Folder, "state"));
        Add(1, [], "r.io/group/tool:1", "r.io/group/tool:2");
        Add(2, ["--label", "kind=web", "--label", "bare"], "r.io/group/test:1");
        Add(3, [], "docker.io/library/app:latest");
        Add(4, []);
    }

    public void Dispose() => _desk.Dispose();

    [Theory]
    [InlineData("4", "-f", "dangling=true")]
    [InlineData("3 2 1", "-f", "dangling=false")]
    [InlineData("2 1", "--filter=reference=r.io/group/*")]
    [InlineData("1", "--filter", "reference=r.io/group/to*:2")]
    [InlineData("3 2", "-f", "reference=r.io/*/test", "-f", "reference=app")]
    [InlineData("", "-f", "reference=r.io/*")]
    [InlineData("1", "-f", "before=r.io/group/test:1")]
    [InlineData("4 3", "-f", "since=r.io/group/test:1")]
    [InlineData("2", "-f", "since=r.io/group/tool:1", "-f", "before=app")]
    [InlineData("2", "-f", "label=kind=web")]
    [InlineData("2", "-f", "label=bare")]
    [InlineData("", "-f", "label=kind=other")]
    [InlineData("4 3 2 1", "-f", "until=1h")]
    [InlineData("1", "-f", "until=1700000002")]
    [InlineData("2 1", "r.io/group/t*")]
    [InlineData("2", "r.io/group/te[rs]t")]
    [InlineData("3", "app:latest")]
    [InlineData("3", "docker.io/library/app")]
    [InlineData("1", "r.io/group/tool:?")]
    [InlineData("", "r.io/group")]
    public async Task Images_WithAFilter_AreThoseOnly(string expected, params string[] arguments)
    {
        Assert.Equal(0, await _desk.RunAsync("docker", ["images", "-q", .. arguments]));

        Assert.Equal(expected, string.Join(' ', _desk.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(id => id[^1])));
    }

    [Fact]
    public async Task Images_BuiltAgainWithoutAName_AreNotDangling()
    {
        Add(3, []);

        Assert.Equal(0, await _desk.RunAsync("docker", "images", "-q", "--filter", "dangling=true"));

        Assert.Equal("000000000004\n", _desk.Output);
    }

    [Theory]
    [InlineData("\"frob\" is not known", "frob=1")]
    [InlineData("KEY=VALUE is expected", "dangling")]
    [InlineData("true or false", "dangling=perhaps")]
    [InlineData("No such image: r.io/none:1", "since=r.io/none:1")]
    [InlineData("an age like 24h", "until=whenever")]
    [InlineData("a bracket is not closed", "reference=r.io/group/[a")]
    public async Task Images_WithAFilterThatIsNone_ListNothing(string expected, string filter)
    {
        Assert.NotEqual(0, await _desk.RunAsync("docker", "images", "-q", "--filter", filter));

        Assert.Equal("", _desk.Output);
        Assert.Contains(expected, _desk.Log);
    }

    [Theory]
    [InlineData("r.io/group/test:1 -\n", "{{.Repository}}:{{.Tag}} {{.Size}}")]
    [InlineData("r.io/group/test\t1\n", "{{.Repository}}\\t{{.Tag}}")]
    [InlineData("REPOSITORY        TAG\nr.io/group/test   1\n", "table {{.Repository}}\\t{{.Tag}}")]
    [InlineData("2023-11-14 22:13:22 +0000 UTC\n", "{{.CreatedAt}}")]
    public async Task Images_WithAFormat_AreWrittenByIt(string expected, string format)
    {
        Assert.Equal(0, await _desk.RunAsync("docker", "images", "--format", format, "r.io/group/test"));

        Assert.Equal(expected, _desk.Output);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("{{json .}}")]
    public async Task Images_AsJson_AreOneObjectPerLine(string format)
    {
        Assert.Equal(0, await _desk.RunAsync("docker", "images", "--format", format));

        var lines = _desk.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(["<none>:<none>", "app:latest", "r.io/group/test:1", "r.io/group/tool:1", "r.io/group/tool:2"], lines.Select(l => $"{l.GetProperty("Repository")}:{l.GetProperty("Tag")}"));
        Assert.Equal("000000000004", lines[0].GetProperty("ID").GetString());
    }

    [Theory]
    [InlineData("Less than a second ago", 0.5)]
    [InlineData("59 seconds ago", 59)]
    [InlineData("About a minute ago", 60)]
    [InlineData("59 minutes ago", 3599)]
    [InlineData("About an hour ago", 3600)]
    [InlineData("3 days ago", 3 * 86400)]
    public void AgeText_IsDockers(string expected, double seconds) => Assert.Equal(expected, AgeText.Of(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(true, "a*c", "abc")]
    [InlineData(false, "a*c", "a/c")]
    [InlineData(true, "*/*", "a/c")]
    [InlineData(true, "[^b]?", "ab")]
    [InlineData(false, "[^a]?", "ab")]
    [InlineData(true, @"\*", "*")]
    [InlineData(false, "?", "")]
    [InlineData(true, "**", "")]
    public void PathGlob_IsGosPathMatch(bool expected, string pattern, string text) => Assert.Equal(expected, PathGlob.Matches(pattern, text));

    private void Add(int number, string[] flags, params string[] names) => _store.Add(new Recipe
    {
        Id = $"sha256:{number:D12}{number:D52}",
        Names = names,
        Arguments = [.. flags, "."],
        Directory = "/builds",
        Program = "docker",
        Created = Begin.AddSeconds(number),
        Sources = new BuildSources("/builds", null, "/builds", "Dockerfile"),
    });
}
