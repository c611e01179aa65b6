using PodExecutor.Agent.Builders.Policy;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link.Builders;

namespace PodExecutor.Tests.Unit.Builders;

public sealed class ProvenanceTests
{
    private const string Page = "https://gitlab.test/group/demo/-/jobs/9";
    private static readonly SolvePolicy Policy = new(new BuildPolicy { BuilderId = Page });

    [Theory]
    [InlineData("builder-id=" + Page, "attest:provenance=")]
    [InlineData("mode=min,builder-id=" + Page, "attest:provenance=mode=min")]
    [InlineData("mode=max,builder-id=" + Page, "attest:provenance=mode=max,builder-id=https://forged")]
    [InlineData("mode=max,builder-id=" + Page, "attest:provenance=mode=max,Builder-ID=https://forged")]
    [InlineData("\"a=b,c\",builder-id=" + Page, "attest:provenance=\"a=b,c\",\"builder-id=https://forged,\"")]
    [InlineData("mode=max,builder-id=" + Page, "attest:Provenance=mode=max,builder-id=https://forged")]
    [InlineData("mode=max,builder-id=" + Page, "build-arg:BUILDKIT_ATTEST_PROVENANCE=mode=max,builder-id=https://forged")]
    [InlineData("mode=max,builder-id=" + Page, "build-arg:BUILDKIT_ATTEST_provenance=mode=max")]
    [InlineData("version=v1,mode=max,builder-id=" + Page, "attest:provenance=mode=max", "attest:PROVENANCE=version=v1,mode=min,builder-id=https://forged")]
    [InlineData("mode=max,builder-id=" + Page, "attest:provenance=mode=max", "attest:PROVENANCE=false")]
    [InlineData("builder-id=" + Page, "attest:provenance=disabled=false")]
    [InlineData(null, "attest:provenance=false")]
    [InlineData(null, "attest:provenance=disabled=true")]
    [InlineData(null, "build-arg:BUILDKIT_ATTEST_PROVENANCE=disabled")]
    [InlineData(null)]
    public void Provenance_NamesTheJob_WhateverTheRequestCallsIt(string? expected, params string[] options)
    {
        foreach (var frontend in new[] { "dockerfile.v0", "" })
        {
            var request = new SolveRequest { Frontend = frontend, FrontendAttrs = { Pairs(options) } };
            var bridge = new BridgeSolveRequest { Frontend = frontend, FrontendOpt = { Pairs(options) } };

            Assert.Null(Policy.Apply(request));
            Assert.Null(Policy.Apply(bridge, ""));

            Assert.Equal(expected is null ? [] : [$"attest:provenance={expected}"], request.FrontendAttrs.Select(a => $"{a.Key}={a.Value}"));
            Assert.Equal(request.FrontendAttrs, bridge.FrontendOpt);
        }
    }

    [Theory]
    [InlineData("mode=max\nx")]
    [InlineData("\rmode=max")]
    [InlineData("\"mode=max")]
    public void Provenance_ThatTheBuilderCouldReadOtherwise_IsRefused(string value) =>
        Assert.Contains("attest:provenance", Policy.Apply(new SolveRequest { FrontendAttrs = { ["attest:provenance"] = value } }));

    [Fact]
    public void Attestations_OfOtherKinds_StayAsTheyAre()
    {
        var options = new Dictionary<string, string> { ["attest:sbom"] = "generator=r.io/scanner", ["build-arg:PROVENANCE"] = "x", ["build-arg:BUILDKIT_ATTEST_SBOM"] = "" };
        var request = new SolveRequest { FrontendAttrs = { options } };

        Assert.Null(Policy.Apply(request));

        Assert.Equal(options, request.FrontendAttrs);
    }

    private static Dictionary<string, string> Pairs(string[] options) => options.ToDictionary(o => o[..o.IndexOf('=', StringComparison.Ordinal)], o => o[(o.IndexOf('=', StringComparison.Ordinal) + 1)..]);
}
