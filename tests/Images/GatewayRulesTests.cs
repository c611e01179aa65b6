using Google.Protobuf;
using Grpc.Core;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Transport;
using PodExecutor.BuildKit.Wire.Ops;
using PodExecutor.Link.Builders;
using PodExecutor.Tests.Images.Fixtures;
using Api = PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.Tests.Images;

/// <summary>Requests that are worded as our client never would: what a real daemon makes of them is the operator's to allow.</summary>
public sealed class GatewayRulesTests
{
    private const string JobPage = "https://gitlab.test/group/demo/-/jobs/42";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("image", "")]
    [InlineData("image", "T")]
    [InlineData("moby", "true")]
    [InlineData("moby", "")]
    public async Task Push_InAnyWords_GoesOnlyWhereItMay(string type, string push)
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy { AllowedRepositories = { $"{Testbed.Registry}/mine" } }, HelperContainer.Plain("one"));
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        Export To(string image) => Export.InDaemon(type, new Dictionary<string, string> { ["name"] = image, ["push"] = push });
        var (mine, theirs) = ($"{Testbed.Registry}/mine/{project.Unique}:1", $"{Testbed.Registry}/theirs/{project.Unique}:1");

        await BuildAsync(helper, project, To(mine));
        var refused = await Assert.ThrowsAnyAsync<BuildKitException>(() => BuildAsync(helper, project, To(theirs)));

        Assert.Contains("Pushing to", refused.Message);
        Assert.StartsWith("sha256:", await Skopeo.DigestAsync(mine));
        await Assert.ThrowsAnyAsync<Exception>(() => Skopeo.DigestAsync(theirs));
    }

    [Theory]
    [InlineData("BuildKit before 0.4")]
    [InlineData("EnableSessionExporter")]
    [InlineData("BuildOp")]
    public async Task Request_WithAWayAroundTheRules_IsRefused(string way)
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy { CacheNamespace = "a" }, HelperContainer.Plain("one"));
        var request = way switch
        {
            "BuildOp" => new Api.SolveRequest { Definition = new Definition { Def = { ByteString.CopyFrom(0x2a, 0) } } },
            "EnableSessionExporter" => new Api.SolveRequest { EnableSessionExporter = true },
            _ => new Api.SolveRequest { Cache = new Api.CacheOptions { ExportRefDeprecated = $"{Testbed.Registry}/theirs/cache" } },
        };
        request.Ref = Guid.NewGuid().ToString("N");
        using var channel = ChannelFactory.Create(BuildKitEndpoint.Parse("unix://" + helper.AnySocket), new BuildKitClientOptions());

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await new Api.Control.ControlClient(channel).SolveAsync(request, cancellationToken: Token));

        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        Assert.Contains(way, refused.Status.Detail);
    }

    /// <summary>BuildKit takes a file of the same key, size and time for the one that it has.</summary>
    [Fact]
    public async Task Files_OfAnotherProject_AreNotHadByItsKey()
    {
        var (owner, other) = ($"a-{Guid.NewGuid():N}", $"b-{Guid.NewGuid():N}");
        await using var first = await HelperContainer.StartAsync(new BuildPolicy { CacheNamespace = owner }, HelperContainer.Plain("one"));
        await using var second = await HelperContainer.StartAsync(new BuildPolicy { CacheNamespace = other }, HelperContainer.Plain("one"));
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY file /\n");
        async Task<string> SendAsync(HelperContainer helper, string text)
        {
            project.Write("file", text);
            File.SetLastWriteTimeUtc(project.At("file"), DateTime.UnixEpoch);
            await BuildAsync(helper, project, Export.Local(project.At("out")));
            return File.ReadAllText(project.At("out/file"));
        }

        await SendAsync(first, "secret");
        var guessed = await SendAsync(second, "guess!");
        var own = await SendAsync(first, "changed"[..6]);

        Assert.Equal("guess!", guessed);
        Assert.Equal("secret", own);   // which shows that there was something to be had
    }

    /// <summary>A Docker daemon looks for FROM's image in its own store first.</summary>
    [Fact]
    public async Task Image_ThatWasNotPushed_IsNoBaseForAnotherProject()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Plain("one"));
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        using var victim = new Project();
        var image = $"127.0.0.1:1/base/{project.Unique}:1";

        var push = await Assert.ThrowsAnyAsync<BuildKitException>(() => BuildAsync(helper, project, Export.Image(image, push: true)));
        await BuildAsync(helper, project, Export.InDaemon("moby", new Dictionary<string, string> { ["name"] = image }));
        victim.Write("Dockerfile", $"FROM {image}\nCOPY Dockerfile /poisoned\n");
        var pull = await Assert.ThrowsAnyAsync<BuildKitException>(() => BuildAsync(helper, victim));

        Assert.Contains("127.0.0.1:1", push.Message);
        Assert.Contains("127.0.0.1:1", pull.Message);
    }

    [Theory]
    [InlineData(Testbed.Builder)]
    [InlineData(Testbed.OtherBuilder)]
    public async Task Push_LeavesTheImageInTheRegistryOnly(string builder)
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Plain("one", builder));
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");

        await BuildAsync(helper, project, Export.Image(project.Image(), push: true));

        Assert.StartsWith("sha256:", await Skopeo.DigestAsync(project.Image()));
    }

    [Theory]
    [InlineData("--provenance", "mode=min")]
    [InlineData("--provenance", "mode=max,builder-id=https://forged.test/")]
    [InlineData("--attest", "type=provenance,mode=max,builder-id=https://forged.test/")]
    [InlineData("--build-arg", "BUILDKIT_ATTEST_PROVENANCE=mode=max,builder-id=https://forged.test/")]
    public async Task Provenance_OfDockerBuildx_NamesTheJob(params string[] flags)
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy { BuilderId = JobPage }, HelperContainer.Plain("one"));
        using var project = new Project().Dockerfile("LABEL a=b");
        Directory.CreateDirectory(project.Variables["HOME"]);
        var name = "b" + project.Unique;
        var create = await project.RunAsync(Testbed.Buildx, "create", "--driver", "remote", "--name", name, "unix://" + helper.AnySocket);
        Assert.True(create.Code == 0, create.All);

        var build = await project.RunAsync(Testbed.Buildx, ["build", "--builder", name, "-t", project.Image(), "--push", .. flags, "."]);

        Assert.True(build.Code == 0, build.All);
        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        var statement = (await image.AttestationsAsync(Token)).Values.Single();
        Assert.Equal(JobPage, statement.GetProperty("predicate").GetProperty("builder").GetProperty("id").GetString());
    }

    [Fact]
    public async Task Build_OfAnotherJob_IsNotShown()
    {
        await using var theirs = await HelperContainer.StartAsync(new BuildPolicy { Project = "7" }, HelperContainer.Plain("one"));
        await using var ours = await HelperContainer.StartAsync(new BuildPolicy { Project = "8" }, HelperContainer.Plain("one"));
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        var reference = Guid.NewGuid().ToString("N");
        await BuildAsync(theirs, project, reference);
        async Task<string> AskAsync(HelperContainer helper)
        {
            using var channel = ChannelFactory.Create(BuildKitEndpoint.Parse("unix://" + helper.AnySocket), new BuildKitClientOptions());
            using var status = new Api.Control.ControlClient(channel).Status(new Api.StatusRequest { Ref = reference }, cancellationToken: Token);
            var steps = "";
            while (await status.ResponseStream.MoveNext(Token))
            {
                steps += string.Concat(status.ResponseStream.Current.Vertexes.Select(v => v.Name));
            }

            return steps;
        }

        var own = await AskAsync(theirs);
        var looked = await Assert.ThrowsAsync<RpcException>(() => AskAsync(ours));
        var taken = await Assert.ThrowsAnyAsync<BuildKitException>(() => BuildAsync(ours, project, reference));

        Assert.Contains("COPY Dockerfile", own);
        Assert.Equal(StatusCode.NotFound, looked.StatusCode);
        Assert.Contains("that this job has not begun", taken.Message);
    }

    private static Task BuildAsync(HelperContainer helper, Project project, params Export[] exports) => BuildAsync(helper, project, Guid.NewGuid().ToString("N"), exports);

    private static async Task BuildAsync(HelperContainer helper, Project project, string reference, params Export[] exports)
    {
        await using var client = new BuildKitClient(BuildKitEndpoint.Parse("unix://" + helper.AnySocket));
        var folder = new LocalDirectory(project.Folder);
        await client.SolveAsync(
            new SolveRequest
            {
                Ref = reference,
                FrontendOptions = new DockerfileOptions().ToFrontendOptions(),
                LocalDirectories = new Dictionary<string, LocalDirectory> { ["context"] = folder, ["dockerfile"] = folder },
                SharedKey = project.Unique,
                Exports = exports,
            },
            _ => { },
            Token);
    }
}
