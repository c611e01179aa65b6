using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Verbs;

namespace PodExecutor.Tests.Unit.Images;

public sealed class VerbTests : IDisposable
{
    private readonly ImageDesk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Theory]
    [InlineData("run", "`services:`", "run", "--rm", "alpine")]
    [InlineData("logs", "no containers", "logs", "x")]
    [InlineData("container run", "`services:`", "container", "run", "alpine")]
    [InlineData("exec", "`services:`", "exec", "x", "true")]
    [InlineData("image import", "ADD FILE.tar", "image", "import", "x.tar")]
    [InlineData("container inspect", "no containers", "container", "inspect", "x")]
    [InlineData("compose", "`services:`", "compose", "-f", "x.yml", "up", "-d")]
    [InlineData("compose build", "once for the folder of each service", "compose", "build")]
    [InlineData("compose push", "once for the folder of each service", "compose", "--file", "build.yml", "push", "app")]
    [InlineData("volume", "an engine", "volume", "create", "x")]
    [InlineData("buildx bake", "bake files", "buildx", "bake")]
    public async Task Verb_ThatCannotBeServed_SaysWhatToDo(string verb, string advice, params string[] arguments)
    {
        Assert.Equal(ImageExit.Usage, await _desk.RunAsync("docker", arguments));
        Assert.Contains($"docker {verb} cannot be served", _desk.Log);
        Assert.Contains(advice, _desk.Log);
    }

    [Theory]
    [InlineData("frobnicate", "frobnicate", "x")]
    [InlineData("buildx frobnicate", "buildx", "frobnicate", "x")]
    public async Task Verb_OfNobody_IsNamed(string name, params string[] arguments)
    {
        Assert.Equal(ImageExit.Usage, await _desk.RunAsync("nerdctl", arguments));
        Assert.Contains($"\"{name}\" is not a command", _desk.Log);
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
    [InlineData("")]
    [InlineData("", "--help")]
    [InlineData("", "help")]
    [InlineData("", "buildx")]
    [InlineData("", "buildx", "--help")]
    [InlineData("", "buildx", "--builder", "x")]
    [InlineData("", "buildx", "imagetools", "--help")]
    [InlineData("", "image", "-h")]
    [InlineData("--all-tags", "push", "--help")]
    [InlineData("-u, --username", "login", "--help")]
    [InlineData("-q, --quiet", "images", "--help")]
    [InlineData("--driver", "buildx", "create", "--help")]
    [InlineData("-t, --tag", "build", "-t", "x", "--help")]
    [InlineData("-t, --tag", "buildx", "build", "--help")]
    public async Task Help_OfEverything_IsPrinted(string expected, params string[] arguments)
    {
        Assert.Equal(0, await _desk.RunAsync("docker", arguments));

        Assert.Contains(expected.Length > 0 ? expected : "docker build [FLAGS] CONTEXT", _desk.Output);
        Assert.Equal("", _desk.Log);
    }

    [Theory]
    [InlineData("buildx", "--builder", "x", "build", "nowhere")]
    [InlineData("buildx", "--builder=x", "-D", "build", "nowhere")]
    public async Task Buildx_WithFlagsBeforeItsVerb_IsThatVerb(params string[] arguments)
    {
        Assert.Equal(1, await _desk.RunAsync("docker", arguments));

        Assert.Contains("The build context nowhere does not exist", _desk.Log);
    }

    [Fact]
    public void Builder_BeforeBuildxsVerb_IsTheBuilds()
    {
        var (flags, words) = VerbWords.OfBuildx(["buildx", "-D", "--builder", "x", "build", "."]);

        Assert.Equal(["--builder", "x"], flags);
        Assert.Equal(["buildx", "build", "."], words);
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
    [InlineData("--secret id=a,src=gone: the file does not exist", "build", "--secret", "id=a,src=gone", "-f", "file", ".")]
    [InlineData("--secret id=a,src=.: the file is a folder", "build", "--secret", "id=a,src=.", "-f", "file", ".")]
    [InlineData("--secret id=a: there is neither a variable nor a file a: the steps go without it", "build", "--secret", "id=a", "-f", "file", ".")]
    [InlineData("wide is not UTF-8 text but UTF-16", "build", "-f", "wide", ".")]
    [InlineData("a Dockerfile is not fetched", "build", "-f", "https://web.test/Dockerfile", ".")]
    [InlineData("stdin cannot be both", "build", "-f", "-", "-")]
    [InlineData("unknown flag: --frob", "build", "--frob", ".")]
    public async Task Build_WithSomethingMissing_NamesIt(string expected, params string[] arguments)
    {
        _desk.Write("file", "FROM scratch");
        File.WriteAllText(Path.Combine(_desk.Folder, "wide"), "FROM scratch", System.Text.Encoding.Unicode);

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

    [Theory]
    [InlineData(1, "holds NUL bytes", "FROM scratch\nLABEL a=\0\n", "-")]
    [InlineData(125, "Which Dockerfile", "FROM scratch\n", "-f", "other", "-")]
    public async Task Stdin_ThatCannotBeTheDockerfile_IsRefused(int code, string expected, string stdin, params string[] arguments)
    {
        _desk.Input = System.Text.Encoding.ASCII.GetBytes(stdin);

        Assert.Equal(code, await _desk.RunAsync("docker", ["build", .. arguments]));
        Assert.Contains(expected, _desk.Log);
    }

    [Theory]
    [InlineData("dockerfile")]
    [InlineData("sub/dockerfile", "-f", "sub/Dockerfile")]
    [InlineData("Containerfile", "-f", "")]
    public async Task Dockerfile_UnderAnotherUsualName_IsFound(string name, params string[] flags)
    {
        _desk.Write(name, "FROM scratch");

        await _desk.RunAsync("docker", ["build", .. flags, "."]);

        Assert.Contains("[[builders]]", _desk.Log);
    }

    [Fact]
    public async Task State_ThatCannotBeWritten_IsSaidWithItsPlace()
    {
        _desk.Variables[ImageContext.StateVariable] = Path.Combine(_desk.Write("file", ""), "state");

        Assert.Equal(ImageExit.Failure, await _desk.RunAsync("docker", "images"));
        Assert.Contains("where the script's user must be able to write", _desk.Log);
    }
}
