using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>What old daemons cannot do is said, and never left out in silence.</summary>
public sealed class OldBuilderTests
{
    [Theory]
    [InlineData("provenance attestations (BuildKit 0.11)", "--provenance=max", "-o", "out")]
    [InlineData("sbom attestations (BuildKit 0.11)", "--sbom=true", "-o", "out")]
    [InlineData("the named context \"other\" (BuildKit 0.10)", "--build-context", "other=.", "-o", "out")]
    [InlineData("more than one output (BuildKit 0.13)", "-o", "out", "-o", "type=tar,dest=out.tar")]
    [InlineData("ulimit (BuildKit 0.10)", "--ulimit", "nofile=100:100", "-o", "out")]
    [InlineData("shm-size (BuildKit 0.10)", "--shm-size", "1m", "-o", "out")]
    [InlineData("annotations (BuildKit 0.11)", "--annotation", "a=b", "-t", "a.test/b", "--push")]
    [InlineData("turn the store on (features.containerd-snapshotter)", "-t", "a.test/b", "--push")]
    [InlineData("turn the store on (features.containerd-snapshotter)", "-o", "type=oci,dest=out.tar")]
    [InlineData("has only \"inline\"", "--cache-to", "type=registry,ref=a.test/b", "-o", "out")]
    [InlineData("checks need BuildKit 0.15", "--check")]
    [InlineData("outlines and targets 0.11", "--call", "targets")]
    public Task Flag_BeyondBuildKit08_IsRefusedByName(string expected, params string[] flags) => RefusedAsync(Testbed.OldBuilder, expected, flags);

    [Fact]
    public Task Check_BeyondBuildKit013_IsRefusedByName() => RefusedAsync(Testbed.OtherBuilder, "checks need BuildKit 0.15", "--check");

    [Theory]
    [InlineData(Testbed.OldBuilder)]
    [InlineData(Testbed.OtherBuilder)]
    public async Task Flags_ThatOldDaemonsKnow_Work(string builder)
    {
        using var project = new Project().Write("secret", "12345").Dockerfile(
            "ARG GREETING", "RUN --mount=type=secret,id=s (echo $GREETING; wc -c < /run/secrets/s; grep -w db /etc/hosts | tr '\\t' ' ') > /seen", "FROM scratch AS result", "COPY --from=0 /seen /", "FROM scratch");
        project.Variables["BUILDKIT_HOST"] = builder;

        await project.PassAsync("image-build", "--build-arg", "GREETING=hello", "--secret", "id=s,src=secret", "--add-host", "db:10.1.2.3", "--target", "result", "--no-cache", "-o", "out", ".");

        Assert.Equal("hello\n5\n10.1.2.3 db\n", File.ReadAllText(project.At("out/seen")));
    }

    private static async Task RefusedAsync(string builder, string expected, params string[] flags)
    {
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        project.Variables["BUILDKIT_HOST"] = builder;

        var result = await project.RunAsync("image-build", [.. flags, "."]);

        Assert.Equal(1, result.Code);
        Assert.Contains(expected, result.Log);
    }
}
