using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Recipes;

namespace PodExecutor.Tests.Unit.Images;

public sealed class RecipeTests : IDisposable
{
    private const string First = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string Second = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

    private readonly ImageDesk _desk = new();
    private readonly RecipeStore _store;

    public RecipeTests() => _store = new RecipeStore(Path.Combine(_desk.Folder, "state"));

    public void Dispose() => _desk.Dispose();

    [Fact]
    public void Find_ByEveryNameAndIdPrefix_IsTheSame()
    {
        _store.Add(Recipe(First, "docker.io/library/app:latest", "r.io/app:1"));

        Assert.All(["app", "app:latest", "docker.io/library/app", "r.io/app:1", First, "111111111111", "1111"], name => Assert.Equal(First, _store.Find(name)?.Id));
        Assert.All(["r.io/app", "app:2", "3333", "111"], name => Assert.Null(_store.Find(name)));
    }

    [Fact]
    public void Add_WithATakenName_TakesIt()
    {
        _store.Add(Recipe(First, "r.io/app:1", "r.io/app:2"));
        _store.Add(Recipe(Second, "r.io/app:1"));

        Assert.Equal([(Second, "r.io/app:1"), (First, "r.io/app:2")], _store.All().Select(r => (r.Id, r.Names.Single())));
    }

    [Fact]
    public void Add_OfTheSameImageUnderAnotherName_KeepsTheFirstName()
    {
        _store.Add(Recipe(First, "r.io/app:1"));
        _store.Add(Recipe(First, "r.io/app:2"));

        Assert.All(["r.io/app:1", "r.io/app:2"], name => Assert.Equal(First, _store.Find(name)?.Id));
    }

    [Fact]
    public async Task Tag_List_Remove_AreAsInDocker()
    {
        _store.Add(Recipe(First, "r.io/app:1"));

        Assert.Equal(0, await _desk.RunAsync("docker", "tag", "r.io/app:1", "other.io/app:2"));
        Assert.Equal(0, await _desk.RunAsync("nerdctl", "images"));
        Assert.Matches(@"REPOSITORY\s+TAG\s+IMAGE ID\s+CREATED\s+SIZE\nr\.io/app\s+1\s+111111111111 .*\nother\.io/app\s+2\s+111111111111 ", _desk.Output);
        Assert.Equal(0, await _desk.RunAsync("docker", "rmi", "r.io/app:1"));
        Assert.Contains("Untagged: r.io/app:1\n", _desk.Output);
        Assert.NotNull(_store.Find("other.io/app:2"));
        Assert.Equal(0, await _desk.RunAsync("nerdctl", "rmi", "-f", "other.io/app:2 "));
        Assert.Contains("Deleted: " + First, _desk.Output);
        Assert.Empty(_store.All());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Remove_ByTheIdOfSeveralNames_WantsForce(bool builtTwice)
    {
        _store.Add(builtTwice ? Recipe(First, "r.io/app:1") : Recipe(First, "r.io/app:1", "r.io/app:2"));
        _store.Add(builtTwice ? Recipe(First, "r.io/app:2") : Recipe(Second, "r.io/other:1"));

        Assert.Equal((ImageExit.Failure, ""), (await _desk.RunAsync("docker", "rmi", "111111111111"), _desk.Output));
        Assert.Contains("(must be forced)", _desk.Log);
        Assert.Equal(2, _store.All().Where(r => r.Id == First).Sum(r => r.Names.Count));
        Assert.Equal(ImageExit.Success, await _desk.RunAsync("docker", "rmi", "-f", First));
        Assert.Null(_store.Find(First));
        Assert.Equal(["Deleted: " + First, "Untagged: r.io/app:1", "Untagged: r.io/app:2"], _desk.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Fact]
    public async Task Remove_ByTheIdOfOneName_NeedsNoForce()
    {
        _store.Add(Recipe(First, "r.io/app:1"));

        Assert.Equal(ImageExit.Success, await _desk.RunAsync("docker", "rmi", "1111"));
        Assert.Empty(_store.All());
    }

    [Fact]
    public async Task Remove_OfNothing_FailsUnlessForced()
    {
        Assert.Equal(ImageExit.Failure, await _desk.RunAsync("docker", "rmi", "r.io/none:1"));
        Assert.Equal(ImageExit.Success, await _desk.RunAsync("docker", "rmi", "--force", "r.io/none:1"));
        Assert.Contains("no such image: r.io/none:1", _desk.Log);
    }

    [Theory]
    [InlineData("push")]
    [InlineData("inspect")]
    [InlineData("save")]
    public async Task Verb_OfAnImageOfNobody_SaysWhatItIs(string verb)
    {
        Assert.Equal(ImageExit.Failure, await _desk.RunAsync("docker", verb, "r.io/none:1"));
        Assert.Contains("No such image: r.io/none:1", _desk.Log);
    }

    [Theory]
    [InlineData($"r.io/app@{Second} {First}", "{{index .RepoDigests 0}} {{ .Id }}")]
    [InlineData(Second, "{{index (split (index .RepoDigests 0) \"@\") 1}}")]
    [InlineData($"r.io/app@{Second}", "{{range .RepoDigests}}{{.}}{{end}}")]
    [InlineData($"[\"r.io/app@{Second}\"]", "{{json .RepoDigests}}")]
    [InlineData("{\"kind\":\"web\"}", "{{json .Config.Labels}}")]
    [InlineData("web", "{{index .Config.Labels \"kind\"}}")]
    [InlineData("linux/arm64 12345678", "{{.Os}}/{{.Architecture}} {{.Size}}")]
    [InlineData("1970-01-01T00:00:00.0000000Z", "{{.Created}}")]
    public async Task Inspect_WithFormat_GivesTheField(string expected, string format)
    {
        _store.Add(Recipe(First, "r.io/app:1") with
        {
            Arguments = ["--label", "kind=web", "."],
            Platforms = ["linux/arm64"],
            Size = 12_345_678,
            Pushed = new Dictionary<string, string> { ["r.io/app:1"] = Second },
        });

        Assert.Equal(0, await _desk.RunAsync("docker", "inspect", "--format", format, "r.io/app:1"));
        Assert.Equal(expected + "\n", _desk.Output);
    }

    [Theory]
    [InlineData(ImageExit.Failure, "index out of range: 0. The image has no digest in a registry", "{{index .RepoDigests 0}}")]
    [InlineData(ImageExit.Usage, ".GraphDriver is not known here. Known fields: .Id", "{{.GraphDriver.Name}}")]
    [InlineData(ImageExit.Failure, "only labels of --label are known", "{{.Config.Labels.kind}}")]
    public async Task Inspect_OfWhatIsNotKnown_SaysSo(int code, string expected, string format)
    {
        _store.Add(Recipe(First, "r.io/app:1"));

        Assert.Equal((code, ""), (await _desk.RunAsync("docker", "inspect", "--format", format, "r.io/app:1"), _desk.Output));
        Assert.Contains(expected, _desk.Log);
    }

    [Fact]
    public void Store_IsReadableByItsOwnerOnly()
    {
        _store.Add(Recipe(First, "r.io/app:1"));

        Assert.All(
            Directory.EnumerateFiles(Path.Combine(_desk.Folder, "state"), "recipes*"), f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
    }

    [Fact]
    public async Task Store_WithManyWriters_LosesNothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => _store.Add(Recipe($"sha256:{i:D64}", $"r.io/app:{i}")))));

        Assert.Equal(20, _store.All().Count);
    }

    [Fact]
    public void Store_Damaged_NamesItsFile()
    {
        _desk.Write("state/recipes.json", "{");

        Assert.Contains("recipes.json", Assert.Throws<ImageException>(_store.All).Message);
    }

    private static Recipe Recipe(string id, params string[] names) => new()
    {
        Id = id,
        Names = names,
        Arguments = ["."],
        Directory = "/builds",
        Program = "docker",
        Created = DateTimeOffset.UnixEpoch,
        Sources = new BuildSources("/builds", null, "/builds", "Dockerfile"),
    };
}
