using PodExecutor.Agent.Images;

namespace PodExecutor.Tests.Unit.Images;

public sealed class VerbTests : IDisposable
{
    private readonly ImageDesk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Theory]
    [InlineData("run", "`services:`", "run", "--rm", "alpine")]
    [InlineData("ps", "no containers", "ps", "-a")]
    [InlineData("compose", "`services:`", "compose", "up")]
    [InlineData("import", "ADD FILE.tar", "import", "root.tar")]
    [InlineData("buildx bake", "bake files", "buildx", "bake")]
    public async Task Verb_ThatCannotBeServed_SaysWhatToDo(string verb, string advice, params string[] arguments)
    {
        Assert.Equal(ImageExit.Usage, await _desk.RunAsync("docker", arguments));
        Assert.Contains($"docker {verb} cannot be served", _desk.Log);
        Assert.Contains(advice, _desk.Log);
    }

    [Fact]
    public async Task Verb_OfNobody_IsNamed()
    {
        Assert.Equal(ImageExit.Usage, await _desk.RunAsync("nerdctl", "frobnicate"));
        Assert.Contains("\"frobnicate\" is not a command", _desk.Log);
    }

    [Theory]
    [InlineData("docker", "-H", "tcp://docker:2375", "version")]
    [InlineData("docker", "--tls=false", "--log-level", "debug", "version")]
    [InlineData("nerdctl", "-n", "k8s.io", "--address=/run/x", "version")]
    [InlineData("nerdctl", "--insecure-registry", "--debug", "version")]
    public async Task GlobalFlags_BeforeTheVerb_AreTaken(string program, params string[] arguments)
    {
        Assert.Equal(0, await _desk.RunAsync(program, arguments));
        Assert.Contains($"pod-executor's {program}", _desk.Output);
    }

    [Theory]
    [InlineData("buildx", "create", "--use", "--name", "mine")]
    [InlineData("buildx", "use", "mine")]
    [InlineData("system", "prune", "-af")]
    [InlineData("builder", "prune", "--force")]
    public async Task SetUpAndCleanUp_OfOldPipelines_DoNothing(params string[] arguments)
    {
        Assert.Equal(0, await _desk.RunAsync("docker", arguments));
        Assert.Matches("nothing to do|keeps nothing", _desk.Log);
    }

    [Fact]
    public async Task BuildxCreate_PrintsTheNameForScripts()
    {
        await _desk.RunAsync("docker", "buildx", "create", "--name", "mine", "--use");

        Assert.Equal("mine\n", _desk.Output);
    }

    [Fact]
    public async Task Build_WithoutABuilder_SaysWhoSetsOne()
    {
        _desk.Write("Dockerfile", "FROM scratch");

        Assert.Equal(ImageExit.Failure, await _desk.RunAsync("docker", "build", "."));
        Assert.Contains("[[builders]]", _desk.Log);
    }

    [Theory]
    [InlineData("There is no Dockerfile in", "build", ".")]
    [InlineData("The Dockerfile x/Dockerfile does not exist", "build", "-f", "x/Dockerfile", ".")]
    [InlineData("The build context nowhere does not exist", "build", "nowhere")]
    [InlineData("stdin is empty", "build", "-")]
    [InlineData("the folder does not exist", "build", "--build-context", "x=nowhere", "-f", "file", ".")]
    [InlineData("which folder?", "build", "-t", "x")]
    [InlineData("unknown flag: --frob", "build", "--frob", ".")]
    public async Task Build_WithSomethingMissing_NamesIt(string expected, params string[] arguments)
    {
        _desk.Write("file", "FROM scratch");

        Assert.NotEqual(0, await _desk.RunAsync("docker", arguments));
        Assert.Contains(expected, _desk.Log);
    }

    [Fact]
    public async Task Builder_ThatIsNotThere_IsTheBuildersFault()
    {
        _desk.Write("Dockerfile", "FROM scratch");

        Assert.Equal(ImageExit.Builder, await _desk.RunAsync("nerdctl", "build", "--buildkit-host", "tcp://127.0.0.1:1", "."));
        Assert.Contains("tcp://127.0.0.1:1", _desk.Log);
    }
}
