using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.Registries;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>pull, and the tag and push that follow it.</summary>
public sealed class PullVerbTests : IAsyncLifetime
{
    private readonly ImageDesk _desk = new();
    private RegistryDouble _registry = null!;

    private string App => _registry.Host + "/team/app";

    public async ValueTask InitializeAsync() => _registry = await RegistryDouble.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _desk.Dispose();
    }

    [Fact]
    public async Task Pull_OfAnImage_PrintsWhatDockerPrintsAndFetchesNoLayer()
    {
        var image = Tagged(_registry.Image("team/app", "one"));

        Assert.Equal(0, await _desk.RunAsync("docker", "pull", App));

        Assert.Equal($"latest: Pulling from team/app\nDigest: {image.Digest}\nStatus: Image is up to date for {App}:latest\n{App}:latest\n", _desk.Output);
        Assert.Equal(["GET /v2/team/app/manifests/latest", $"GET /v2/team/app/blobs/{ManifestContents.Read(image).Config!.Digest}"], _registry.Requests);
        var recipe = Store.All().Single();
        Assert.Equal((ManifestContents.Read(image).Config!.Digest, 3L, 2026, $"{App}@{image.Digest}"), (recipe.Id, recipe.Size, recipe.Created.Year, recipe.Origin));
        Assert.Equal(["linux/amd64"], recipe.Platforms);
        Assert.Equal($"FROM {App}@{image.Digest}\n", File.ReadAllText(Path.Combine(recipe.Directory, "Dockerfile")));
    }

    [Theory]
    [InlineData("docker", "-q")]
    [InlineData("nerdctl", "--quiet", "--unpack=false", "--verify", "none", "--all-platforms")]
    [InlineData("docker", "--quiet", "--disable-content-trust")]
    public async Task Pull_Quiet_PrintsTheNameAlone(string program, params string[] flags)
    {
        Tagged(_registry.Image("team/app", "one"));

        Assert.Equal(0, await _desk.RunAsync(program, ["image", "pull", .. flags, App + ":latest"]));

        Assert.Equal(App + ":latest\n", _desk.Output);
    }

    [Theory]
    [InlineData("name the tags that are wanted", "-a")]
    [InlineData("call cosign verify", "--verify=cosign")]
    public async Task Pull_OfMoreThanItDoes_SaysWhatToDo(string advice, string flag)
    {
        Assert.Equal(ImageExit.Usage, await _desk.RunAsync("nerdctl", "pull", flag, App));
        Assert.Contains(advice, _desk.Log);
    }

    [Fact]
    public async Task Push_ThatTheRegistryRefuses_SaysWhoseLoginItWas()
    {
        Tagged(_registry.Image("team/app", "one"));
        await _desk.RunAsync("docker", "pull", App);
        await _desk.RunAsync("docker", "tag", App, _registry.Host + "/release/app:1");
        _registry.Before = context =>
        {
            context.Response.StatusCode = context.Request.Path.Value!.Contains("release", StringComparison.Ordinal) ? 403 : 200;
            return context.Response.StatusCode == 403;
        };

        Assert.Equal(ImageExit.Failure, await _desk.RunAsync("docker", "push", _registry.Host + "/release/app:1"));

        Assert.Contains($"{_registry.Host}/release/app:1 is not pushed: {_registry.Host} answers 403 Forbidden to HEAD of {_registry.Host}/release/app (no login was used", _desk.Log);
    }

    [Fact]
    public async Task Pull_OfWhatIsNotThere_SaysItInDockersWords()
    {
        Assert.Equal(ImageExit.Failure, await _desk.RunAsync("docker", "pull", App + ":none"));

        Assert.Contains($"manifest for {App}:none not found: manifest unknown", _desk.Log);
        Assert.Empty(Store.All());
    }

    [Theory]
    [InlineData(null, "linux/amd64,linux/arm64", "amd")]
    [InlineData("linux/arm64/v8", "linux/arm64", "arm")]
    public async Task Pull_OfAnIndex_KeepsItWholeUnlessAPlatformIsNamed(string? platform, string platforms, string id)
    {
        var images = new Dictionary<string, Manifest> { ["amd"] = _registry.Image("team/app", "amd"), ["arm"] = Arm() };
        var index = Tagged(_registry.Index("team/app", (_registry.Image("team/app", "claims"), "unknown/unknown"), (images["amd"], "linux/amd64"), (images["arm"], "linux/arm64")));

        Assert.Equal(0, await _desk.RunAsync("docker", ["pull", .. platform is null ? Array.Empty<string>() : ["--platform", platform], App]));
        Assert.Equal(0, await _desk.RunAsync("docker", "tag", App, App + ":2"));
        Assert.Equal(0, await _desk.RunAsync("docker", "push", App + ":2"));

        var recipe = Store.Find(App)!;
        Assert.Equal((platforms, ManifestContents.Read(images[id]).Config!.Digest), (string.Join(',', recipe.Platforms), recipe.Id));
        var pushed = platform is null ? index : images[id];
        Assert.Equal(pushed.Content, _registry.Content["team/app:2"]);
        Assert.EndsWith($"2: digest: {pushed.Digest} size: {pushed.Content.Length}\n", _desk.Output);
        Assert.Equal(pushed.Digest, recipe.Pushed[App + ":2"]);
    }

    [Theory]
    [InlineData("linux/s390x", "no matching manifest for linux/s390x in the manifest list entries. It has linux/amd64", true)]
    [InlineData("linux/arm64", "does not match the specified platform: wanted linux/arm64, actual: linux/amd64", false)]
    [InlineData("linux/arm64,linux/amd64", "give one platform, or none", true)]
    public async Task Pull_OfAPlatformThatIsNotThere_SaysWhatIs(string platform, string expected, bool isIndex)
    {
        var image = _registry.Image("team/app", "one");
        Tagged(isIndex ? _registry.Index("team/app", (image, "linux/amd64")) : image);

        Assert.NotEqual(0, await _desk.RunAsync("docker", "pull", "--platform", platform, App));

        Assert.Contains(expected, _desk.Log);
    }

    [Fact]
    public async Task Push_ToAnotherRepository_CopiesAndSaysSo()
    {
        var image = Tagged(_registry.Image("team/app", "one"));

        await _desk.RunAsync("docker", "pull", App);
        await _desk.RunAsync("docker", "tag", App, _registry.Host + "/release/app:1");
        Assert.Equal(0, await _desk.RunAsync("docker", "push", "-q", _registry.Host + "/release/app:1"));

        Assert.Equal(image.Content, _registry.Content["release/app:1"]);
        Assert.EndsWith($"\n{_registry.Host}/release/app:1\n", _desk.Output);
        Assert.DoesNotContain("Mounted", _desk.Log);
    }

    [Fact]
    public async Task Pull_ByDigest_CanBeTaggedAndPushedByTagOnly()
    {
        var image = _registry.Image("team/app", "one");
        var name = $"{App}@{image.Digest}";

        Assert.Equal(0, await _desk.RunAsync("docker", "pull", name));
        Assert.Equal(0, await _desk.RunAsync("docker", "tag", name, App + ":2"));
        Assert.Equal(ImageExit.Usage, await _desk.RunAsync("docker", "push", name));
        Assert.Equal(0, await _desk.RunAsync("docker", "push", "--all-tags", App));
        Assert.Equal(0, await _desk.RunAsync("docker", "inspect", "--format", "{{.RepoTags}} {{.Config.Labels.of}} {{index .RepoDigests 0}}", App + ":2"));
        Assert.Equal(0, await _desk.RunAsync("docker", "images"));

        Assert.Contains("cannot push a digest reference", _desk.Log);
        Assert.Contains("team/app:2", _registry.Content.Keys);
        Assert.Contains($"[{App}:2] one {name}\n", _desk.Output);
        Assert.Equal(0, await _desk.RunAsync("docker", "rmi", App + ":2", name));
        Assert.Empty(Store.All());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pull_OfWhatThisJobHasPushed_KeepsItsRecipe(bool isSame)
    {
        var image = Tagged(_registry.Image("team/app", "one"));
        Store.Add(new Recipe
        {
            Id = "sha256:" + new string('1', 64),
            Names = [App + ":latest"],
            Pushed = new Dictionary<string, string> { [App + ":latest"] = isSame ? image.Digest : "sha256:" + new string('2', 64) },
            Arguments = ["."],
            Directory = "/builds",
            Program = "docker",
            Created = DateTimeOffset.UnixEpoch,
            Sources = new BuildSources("/builds", null, "/builds", "Dockerfile"),
        });

        Assert.Equal(0, await _desk.RunAsync("docker", "pull", App));

        Assert.Equal(isSame, Store.Find(App)!.Origin is null);
    }

    private RecipeStore Store => new(Path.Combine(_desk.Folder, "state"));

    private Manifest Arm() => _registry.Image("team/app", "arm");

    private Manifest Tagged(Manifest image)
    {
        _registry.Content["team/app:latest"] = image.Content;
        return image;
    }
}
