using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Builds;

namespace PodExecutor.Tests.Unit.Images;

public sealed class BuildPlanTests
{
    private static readonly BuildSources Local = new("/builds/group/demo", null, "/builds/group/demo", "Dockerfile");

    [Theory]
    [InlineData("filename=Dockerfile")]
    [InlineData("target=prod", "--target", "prod")]
    [InlineData("build-arg:A=1=2", "--build-arg", "A=1=2")]
    [InlineData("build-arg:FROM_ENV=of the job", "--build-arg", "FROM_ENV")]
    [InlineData("label:a.b=c", "--label", "a.b=c")]
    [InlineData("platform=linux/amd64,linux/arm64", "--platform", "linux/amd64,aarch64")]
    [InlineData("platform=linux/arm/v7,linux/amd64", "--platform", "linux/arm", "--platform", "amd64")]
    [InlineData("no-cache=", "--no-cache")]
    [InlineData("no-cache=a,b", "--no-cache-filter", "a,b")]
    [InlineData("image-resolve-mode=pull", "--pull")]
    [InlineData("add-hosts=db=10.0.0.1,v6=::1", "--add-host", "db:10.0.0.1", "--add-host", "v6=[::1]")]
    [InlineData("force-network-mode=none", "--network", "none")]
    [InlineData("shm-size=67108864", "--shm-size", "64m")]
    [InlineData("ulimit=nofile=1024:2048", "--ulimit", "nofile=1024:2048")]
    [InlineData("attest:provenance=mode=max", "--provenance=max")]
    [InlineData("attest:provenance=", "--provenance", "true")]
    [InlineData("attest:sbom=generator=r.io/scan:1", "--sbom", "generator=r.io/scan:1")]
    [InlineData("attest:sbom=", "--attest", "type=sbom")]
    [InlineData("context:base=docker-image://r.io/base:1", "--build-context", "base=docker-image://r.io/base:1")]
    [InlineData("requestid=frontend.lint", "--check")]
    [InlineData("requestid=frontend.outline", "--call=outline")]
    public void Flag_BecomesTheFrontendsOption(string expected, params string[] flags) =>
        Assert.Contains(expected, Plan(flags).Attributes.Select(a => $"{a.Key}={a.Value}"));

    [Theory]
    [InlineData("vcs:localdir:context=api vcs:localdir:dockerfile=api/docker vcs:revision=1234 vcs:source=https://gitlab.test/group/demo", "/builds/group/demo", "/builds/group/demo/api", "/builds/group/demo/api/docker")]
    [InlineData("vcs:localdir:context=. vcs:revision=1234 vcs:source=https://gitlab.test/group/demo", "/builds/group/demo", "/builds/group/demo", "/tmp/elsewhere")]
    [InlineData("", null, "/builds/group/demo", "/builds/group/demo")]
    [InlineData("", "/builds/group/demo", null, "/builds/group/demo")]
    public void Origin_OfTheFiles_IsToldAsBuildxDoes(string expected, string? home, string? context, string? dockerfile)
    {
        var job = new Dictionary<string, string?> { ["CI_PROJECT_DIR"] = home, ["CI_COMMIT_SHA"] = "1234", ["CI_PROJECT_URL"] = "https://gitlab.test/group/demo" };

        var plan = new BuildPlanner(Read(["."], Variable), new BuildSources(context, null, dockerfile, "Dockerfile"), job.GetValueOrDefault).Decide(new Dictionary<string, string>());

        Assert.Equal(expected, string.Join(' ', plan.Attributes.Where(a => a.Key.StartsWith("vcs:", StringComparison.Ordinal)).Select(a => $"{a.Key}={a.Value}")));
    }

    [Fact]
    public void BuildArgument_NamingAnUnsetVariable_IsLeftOut() =>
        Assert.DoesNotContain(Plan("--build-arg", "NOT_SET").Attributes.Keys, k => k.StartsWith("build-arg:", StringComparison.Ordinal));

    [Theory]
    [InlineData("image name=r.io/a:1,r.io/b:2 push=true", "-t", "r.io/a:1", "-t", "r.io/b:2", "--push")]
    [InlineData("image name=r.io/a:1 store=false", "-t", "r.io/a:1")]
    [InlineData("image store=false")]
    [InlineData("image name=r.io/a:1 push=true registry.insecure=true", "-t", "r.io/a:1", "--push", "--insecure-registry")]
    [InlineData("image name=r.io/x:1 push=true", "--output", "type=registry,name=r.io/x:1")]
    [InlineData("image compression=zstd name=r.io/a:1 push=true", "-t", "r.io/a:1", "-o", "type=image,push=true,compression=zstd")]
    [InlineData("image annotation-index.a=b annotation-manifest.a=b name=r.io/a:1 push=true", "-t", "r.io/a:1", "--push", "--annotation", "index,manifest:a=b")]
    [InlineData("image annotation-manifest[linux/arm64].a=b name=r.io/a:1 push=true", "-t", "r.io/a:1", "--push", "--annotation", "manifest[linux/arm64/v8]:a=b")]
    [InlineData("local dest=out", "-o", "out")]
    [InlineData("tar dest=-", "-o", "-")]
    [InlineData("tar dest=x.tar", "-o", "type=tar,dest=x.tar")]
    [InlineData("tar dest=-", "-o", "type=tar")]
    [InlineData("oci dest=- name=r.io/a:1", "-o", "type=oci", "-t", "r.io/a:1")]
    [InlineData("image name=r.io/a:1 store=false", "-o", "type=docker", "-t", "r.io/a:1")]
    [InlineData("image name=r.io/a:1 store=false", "-o", "type=docker,name=r.io/a:1")]
    [InlineData("local dest=out|image name=r.io/a:1 store=false", "-o", "type=docker", "-o", "out", "-t", "r.io/a:1")]
    [InlineData("oci dest=x.tar name=r.io/a:1", "-t", "r.io/a:1", "-o", "type=oci,dest=x.tar")]
    [InlineData("oci dest=dir tar=false", "-o", "type=oci,dest=dir,tar=false")]
    [InlineData("oci dest=dir tar=false", "-o", "type=oci,dest=dir,tar=0")]
    [InlineData("oci dest=x.tar tar=true", "-o", "type=oci,dest=x.tar,tar=T")]
    [InlineData("docker dest=x.tar", "-o", "type=docker,dest=x.tar")]
    [InlineData("local dest=out|image name=r.io/a:1 push=true", "-o", "out", "-t", "r.io/a:1", "--push")]
    [InlineData("", "-o", "type=cacheonly")]
    [InlineData("", "--check")]
    public void Outputs_BecomeExporters(string expected, params string[] flags) =>
        Assert.Equal(expected, string.Join('|', Plan(flags).Exporters.Select(e => string.Join(' ', [e.Type, .. new[] { e.Destination is null ? null : "dest=" + e.Destination }.OfType<string>(), .. e.Attributes.Select(a => $"{a.Key}={a.Value}")]))));

    [Theory]
    [InlineData(true, "-t", "r.io/a:1")]
    [InlineData(true)]
    [InlineData(true, "-o", "type=docker")]
    [InlineData(false, "-t", "r.io/a:1", "--push")]
    [InlineData(false, "-o", "out")]
    [InlineData(false, "--check")]
    public void Kept_IsWhatGoesNowhere(bool kept, params string[] flags) => Assert.Equal(kept, Plan(flags).IsKept);

    [Fact]
    public void Keys_GivenTwice_CountAsTheyWereGivenLast()
    {
        var request = Read(["--secret", "id=a,env=X", "--secret", "id=a,env=Y", "--ssh", "a=1", "--ssh", "a=2", "--build-context", "a=1", "--build-context", "a=2", "-f", "", "."], _ => null);

        Assert.Equal("Y", Assert.Single(request.Secrets).Variable);
        Assert.Equal(["2"], Assert.Single(request.Ssh).Paths);
        Assert.Equal("2", Assert.Single(request.Contexts).Value);
        Assert.Null(request.File);
    }

    [Theory]
    [InlineData("one build context is expected, 3 are given", "--build-arg", "T=first", "hunter2", "more")]
    [InlineData("type=… is missing", "--cache-to", "bucket=b,secret_access_key=hunter2")]
    [InlineData("has no value", "--cache-to", "type=s3,session_token=hunter2,bucket")]
    [InlineData("a quote is not closed", "--cache-to", "type=s3,\"SECRET_ACCESS_KEY=hunter2,x")]
    public void WrongValue_WithASecretInIt_IsNotRepeated(string expected, params string[] flags)
    {
        var error = Assert.Throws<ImageException>(() => Plan(flags));

        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain("hunter2", error.Message);
    }

    [Theory]
    [InlineData("x", null, "file", false, "id=x,src=file")]
    [InlineData("x", null, "x", false, "id=x,type=file")]
    [InlineData("x", "VAR", null, false, "id=x,env=VAR")]
    [InlineData("FROM_ENV", "FROM_ENV", null, false, "id=FROM_ENV")]
    [InlineData("not_there", null, "not_there", true, "id=not_there")]
    [InlineData("x", "VAR", null, false, "type=env,id=x,env=VAR")]
    public void Secret_ByVariableOrFile_IsRead(string id, string? variable, string? file, bool guess, string flag) =>
        Assert.Equal([new SecretRequest(id, variable, file, guess)], Plan("--secret", flag).Secrets);

    [Theory]
    [InlineData("--push needs a name", "the image needs a name", "--push")]
    [InlineData("output without type", "type=… is missing", "-o", "dest=x")]
    [InlineData("output of no known type", "type=zip is not known", "-o", "type=zip,dest=x")]
    [InlineData("local without dest", "a folder is expected", "-o", "type=local,dest=")]
    [InlineData("local to stdout", "a folder is expected", "-o", "type=local,dest=-")]
    [InlineData("layout without dest", "needs a folder", "-o", "type=oci,tar=false")]
    [InlineData("two outputs to stdout", "only one of them", "-o", "type=tar", "-o", "-")]
    [InlineData("attest with a quote that stays open", "--attest type=\"x: a quote stands in the middle", "--attest", "type=\"x")]
    [InlineData("memory that is no number of bytes", "--shm-size 99999999999999999999g is not a size", "--shm-size", "99999999999999999999g")]
    [InlineData("tag with a digest", "refusing to create a tag with a digest reference", "-t", "r.io/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("docker unpacked", "write type=oci,dest=FOLDER,tar=false", "-o", "type=docker,dest=x,tar=F")]
    [InlineData("tar of no meaning", "tar=no is neither true nor false", "-o", "type=oci,dest=x,tar=no")]
    [InlineData("cache without ref", "needs ref", "--cache-to", "type=registry")]
    [InlineData("secret with a field that docker has not", "\"target\" is not known", "--secret", "id=x,src=y,target=/z")]
    [InlineData("secret without id", "id=… is missing", "--secret", "src=x")]
    [InlineData("network name", "--network mine is not known", "--network", "mine")]
    [InlineData("progress word", "--progress fancy", "--progress", "fancy")]
    [InlineData("platform", "is not a platform", "--platform", "a/b/c/d")]
    [InlineData("annotation level", "is none of", "--annotation", "image:a=b")]
    [InlineData("host without ip", "HOST:IP", "--add-host", "db")]
    [InlineData("two contexts", "one build context is expected", "more")]
    [InlineData("tag that is none", "is not an image name", "-t", "r.io/app:")]
    [InlineData("push by digest name", "not by digest", "--push", "-o", "type=image,name=r.io/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void WrongValue_IsNamed(string what, string expected, params string[] flags)
    {
        var error = Assert.Throws<ImageException>(() => Plan(flags));

        Assert.True(error.Message.Contains(expected, StringComparison.Ordinal) && error.ExitCode == ImageExit.Usage, $"{what}: {error.Message}");
    }

    [Fact]
    public void NetworkHost_AsksForItsEntitlement() => Assert.Equal(["network.host"], Plan("--network", "host").Entitlements);

    [Fact]
    public void GitContext_OnTheJobsOwnGitLab_IsFetchedWithTheJobsToken()
    {
        var variables = new Dictionary<string, string> { ["CI_SERVER_HOST"] = "gitlab.test", ["CI_JOB_TOKEN"] = "t" };
        BuildPlan Of(string address, params string[] flags) =>
            new BuildPlanner(Read([.. flags, "."], variables.GetValueOrDefault), new BuildSources(null, address, null, "Dockerfile"), variables.GetValueOrDefault).Decide(new Dictionary<string, string>());

        var own = Of("https://gitlab.test/group/app.git#main:sub");
        Assert.Equal("https://gitlab.test/group/app.git#main:sub", own.Attributes["context"]);
        Assert.Equal(["GIT_AUTH_HEADER.gitlab.test"], own.Secrets.Select(s => s.Id));
        Assert.Empty(own.Locals);
        Assert.Empty(Of("https://elsewhere.test/app.git").Secrets);
        var named = Of("https://elsewhere.test/app.git", "--build-context", "a=https://gitlab.test/a.git", "--build-context", "b=http://gitlab.test:8080/b.git#v1", "--build-context", "c=https://gitlab.test/c.git");
        Assert.Equal(["GIT_AUTH_HEADER.gitlab.test", "GIT_AUTH_HEADER.gitlab.test:8080"], named.Secrets.Select(s => s.Id));
    }

    [Fact]
    public void Labels_OfTheCommandLine_WinOverThoseOfTheJob()
    {
        var request = Read(["--label", "org.opencontainers.image.title=mine", "."], _ => null);
        var plan = new BuildPlanner(request, Local, _ => null).Decide(CiLabels.Of(n => n switch { "CI_PROJECT_TITLE" => "theirs", "CI_COMMIT_SHA" => "abc", _ => null }));

        Assert.Equal("mine", plan.Attributes["label:org.opencontainers.image.title"]);
        Assert.Equal("abc", plan.Attributes["label:org.opencontainers.image.revision"]);
    }

    [Fact]
    public void Flags_OfTheSeedsPipeline_AreRead()
    {
        var plan = Plan("--buildkit-host", "tcp://buildkitd.cicd.svc:1234", "-t", "harbor.local.com/devops/demo:main-1a2b3c4d-77");

        Assert.Equal(["harbor.local.com/devops/demo:main-1a2b3c4d-77"], plan.Names);
        Assert.Equal(["context", "dockerfile"], plan.Locals.Keys);
    }

    private static BuildPlan Plan(params string[] flags) =>
        new BuildPlanner(Read([.. flags, "."], Variable), Local, Variable).Decide(new Dictionary<string, string>());

    private static BuildRequest Read(string[] arguments, Func<string, string?> variable) =>
        new BuildFlagReader(BuildFlags.Table("docker build").Parse(arguments), variable).Read();

    private static string? Variable(string name) => name == "FROM_ENV" ? "of the job" : null;
}
