using PodExecutor.Agent.Builders.Policy;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link.Builders;

namespace PodExecutor.Tests.Unit.Builders;

/// <summary>The caches that a build names itself.</summary>
public sealed class CachePolicyTests
{
    private static readonly SolvePolicy Policy = new(new BuildPolicy { AllowedRepositories = { "r.io/mine" }, InsecureRegistries = { "plain.io" } });

    [Theory]
    [InlineData(false, "s3", "bucket=b")]
    [InlineData(false, "s3", "access_key_id=", "secret_access_key=s")]
    [InlineData(false, "s3", "access_key_id=k")]
    [InlineData(false, "s3", "access_key_id=k", "secret_access_key=")]
    [InlineData(true, "s3", "access_key_id=k", "secret_access_key=s")]
    [InlineData(false, "azblob", "account_url=https://a.test")]
    [InlineData(false, "azblob", "secret_access_key=s")]
    [InlineData(true, "azblob", "account_url=https://a.test", "secret_access_key=s")]
    [InlineData(true, "registry", "ref=r.io/mine/cache")]
    [InlineData(true, "local", "src=x")]
    [InlineData(true, "inline")]
    [InlineData(true, "gha", "url=https://g.test")]
    [InlineData(false, "gcs", "bucket=b")]
    [InlineData(false, "S3", "bucket=b")]
    public void Cache_IsReachedByTheJobsOwnCredential_WhereverItIsNamed(bool allowed, string type, params string[] attributes)
    {
        var entry = new CacheOptionsEntry { Type = type, Attrs = { attributes.Select(a => a.Split('=')).ToDictionary(a => a[0], a => a[1]) } };
        var option = CacheImportsOption.Write([entry]);

        Assert.Equal(allowed, Policy.Apply(new SolveRequest { Cache = new CacheOptions { Exports = { entry.Clone() } } }) is null);
        Assert.Equal(allowed, Policy.Apply(new SolveRequest { Cache = new CacheOptions { Imports = { entry.Clone() } } }) is null);
        Assert.Equal(allowed, Policy.Apply(new SolveRequest { Frontend = "dockerfile.v0", FrontendAttrs = { ["cache-imports"] = option } }) is null);
        Assert.Equal(allowed, Policy.Apply(new SolveRequest { FrontendAttrs = { ["cache-imports"] = option } }) is null);
        Assert.Equal(allowed, Policy.Apply(new BridgeSolveRequest { Frontend = "dockerfile.v0", FrontendOpt = { ["cache-imports"] = option } }, "") is null);
        Assert.Equal(allowed, Policy.Apply(new BridgeSolveRequest { CacheImports = { entry.Clone() } }, "") is null);
    }

    [Fact]
    public void Cache_InItsOldestForm_IsRefused()
    {
        Assert.Contains("--cache-to", Policy.Apply(new SolveRequest { Cache = new CacheOptions { ExportRefDeprecated = "r.io/theirs/cache" } }));
        Assert.Contains("--cache-to", Policy.Apply(new SolveRequest { Cache = new CacheOptions { ExportAttrsDeprecated = { ["mode"] = "max" } } }));
        Assert.Contains("--cache-to", Policy.Apply(new SolveRequest { Cache = new CacheOptions { ImportRefsDeprecated = { "r.io/theirs/cache" } } }));
    }

    [Theory]
    [InlineData("", "[]")]
    [InlineData("null", "[]")]
    [InlineData("""[{"Type":"registry","Attrs":{"ref":"r.io/c"}}]""", """[{"Type":"registry","Attrs":{"ref":"r.io/c"}}]""")]
    [InlineData("""[{"type":"registry","attrs":{"ref":"plain.io/c"},"more":1}]""", """[{"Type":"registry","Attrs":{"ref":"plain.io/c","registry.insecure":"true"}}]""")]
    [InlineData("""[{"Type":"registry","Type":"inline"}]""", """[{"Type":"inline","Attrs":{}}]""")]
    [InlineData("""[{"Type":"inline","type":"s3"}]""", null)]
    [InlineData("""[{"Type":7}]""", null)]
    [InlineData("""{"Type":"s3"}""", null)]
    [InlineData("r.io/c", null)]
    public void ImportsOption_IsSentAsItWasRead(string given, string? sent)
    {
        var request = new SolveRequest { Frontend = "dockerfile.v0", FrontendAttrs = { ["cache-imports"] = given } };

        var refusal = Policy.Apply(request);

        Assert.Equal(sent is null, refusal is not null);
        Assert.True(sent is null || request.FrontendAttrs["cache-imports"] == sent, request.FrontendAttrs["cache-imports"]);
    }
}
