using Google.Protobuf;
using PodExecutor.Agent.Builders.Policy;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link.Builders;

namespace PodExecutor.Tests.Unit.Builders;

/// <summary>Images go to the operator's repositories only, however a request words it.</summary>
public sealed class OutputPolicyTests
{
    private static readonly SolvePolicy Policy = new(new BuildPolicy { AllowedRepositories = { "r.io/mine" } });

    [Theory]
    [InlineData("image", "true", false)]
    [InlineData("image", "", false)]
    [InlineData("image", "1", false)]
    [InlineData("image", "no", false)]
    [InlineData("image", "false", true)]
    [InlineData("image", "0", true)]
    [InlineData("image", null, true)]
    [InlineData("moby", "true", false)]
    [InlineData("moby", "", false)]
    [InlineData("moby", null, true)]
    public void Image_IsPushedUnlessGoReadsFalse(string type, string? push, bool allowed)
    {
        var exporter = new Exporter { Type = type, Attrs = { ["name"] = "r.io/theirs/app:1" } };
        if (push is not null)
        {
            exporter.Attrs["push"] = push;
        }

        var request = new SolveRequest { Frontend = "dockerfile.v0", Exporters = { exporter } };
        var old = new SolveRequest { Frontend = "dockerfile.v0", ExporterDeprecated = type, ExporterAttrsDeprecated = { exporter.Attrs } };

        Assert.Equal(allowed, Policy.Apply(request) is null);
        Assert.Equal(allowed, Policy.Apply(old) is null);
        Assert.Equal(("image", "image"), (request.Exporters[0].Type, old.ExporterDeprecated));
    }

    [Theory]
    [InlineData("oci", true)]
    [InlineData("docker", true)]
    [InlineData("local", true)]
    [InlineData("tar", true)]
    [InlineData("", false)]
    [InlineData("Image", false)]
    [InlineData("gateway", false)]
    public void Output_OfATypeThatIsNotKnown_IsRefused(string type, bool allowed) =>
        Assert.Equal(allowed, Policy.Apply(new SolveRequest { Exporters = { new Exporter { Type = type } } }) is null);

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    [InlineData(null)]
    public void Image_NeverStaysInTheBuilderUnderItsName(string? push)
    {
        var request = new SolveRequest { Exporters = { new Exporter { Type = "moby", Attrs = { ["name"] = "r.io/mine/app:1", ["store"] = "true" } } } };
        if (push is not null)
        {
            request.Exporters[0].Attrs["push"] = push;
        }

        Assert.Null(Policy.Apply(request));
        Assert.Equal("false", request.Exporters[0].Attrs["store"]);
    }

    [Fact]
    public void Outputs_ThatTheSessionNamesLater_AreRefused()
    {
        Assert.Contains("--output", Policy.Apply(new SolveRequest { EnableSessionExporter = true }));
        Assert.Contains("ProxyNetwork", Policy.Apply(new SolveRequest { ProxyNetwork = true }));
        Assert.Null(Policy.Apply(new SolveRequest { SourcePolicySession = "own", CompatibilityVersion = 20 }));
    }

    /// <summary>Field numbers are the contract: these are the daemon's.</summary>
    [Fact]
    public void SolveRequest_ReadsTheFieldsThatItJudges()
    {
        var request = SolveRequest.Parser.ParseFrom([0x70, 1, 0x88, 1, 1, 0x42, 5, 0x0a, 3, (byte)'r', (byte)'/', (byte)'x']);

        Assert.True(request.EnableSessionExporter);
        Assert.True(request.ProxyNetwork);
        Assert.Equal("r/x", request.Cache.ExportRefDeprecated);
        Assert.Equal(request, SolveRequest.Parser.ParseFrom(request.ToByteString()));
    }
}
