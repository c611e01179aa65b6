using System.Text.Json;
using Google.Protobuf;
using PodExecutor.Agent.Builders.Policy;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link.Builders;

namespace PodExecutor.Tests.Unit.Builders;

public sealed class SolvePolicyTests
{
    private static readonly BuildPolicy Strict = new()
    {
        CacheNamespace = "project-7-protected",
        AllowedRepositories = { "r.io/group", "harbor.local.com/devops" },
        Entitlements = { "network.host", "device" },
        InsecureRegistries = { "harbor.local.com" },
    };

    [Theory]
    [InlineData("network.host", true)]
    [InlineData("device=nvidia.com/gpu=all", true)]
    [InlineData("security.insecure", false)]
    [InlineData("network.host.more", false)]
    public void Entitlement_IsHadOrRefusedByName(string entitlement, bool allowed)
    {
        var refusal = Apply(new SolveRequest { Frontend = "dockerfile.v0", Entitlements = { entitlement } });

        Assert.Equal(allowed, refusal is null);
        Assert.True(allowed || refusal!.Contains(entitlement, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("r.io/group/app:1", true)]
    [InlineData("harbor.local.com/devops/demo:main", true)]
    [InlineData("r.io/group/app:1,r.io/other/app:1", false)]
    [InlineData("r.io/groupies/app", false)]
    [InlineData("docker.io/evil/app", false)]
    [InlineData("", false)]
    [InlineData("*", false)]
    public void Push_GoesOnlyWhereItMay(string names, bool allowed)
    {
        var request = Push(names);
        var old = new SolveRequest { Frontend = "dockerfile.v0", ExporterDeprecated = "image", ExporterAttrsDeprecated = { request.Exporters[0].Attrs } };

        Assert.Equal(allowed, Apply(request) is null);
        Assert.Equal(allowed, Apply(old) is null);
    }

    [Fact]
    public void Push_ToARegistryThatIsPlain_SaysSoToTheBuilder()
    {
        var plain = Push("harbor.local.com/devops/demo:1");
        var other = Push("r.io/group/app:1");
        Apply(plain);
        Apply(other);

        Assert.Equal("true", plain.Exporters[0].Attrs["registry.insecure"]);
        Assert.False(other.Exporters[0].Attrs.ContainsKey("registry.insecure"));
    }

    [Fact]
    public void Image_ThatIsNotPushed_DoesNotStayInTheBuilder()
    {
        var request = new SolveRequest { Frontend = "dockerfile.v0", Exporters = { new Exporter { Type = "image", Attrs = { ["name"] = "r.io/theirs/app:1", ["store"] = "true" } } } };

        Assert.Null(Apply(request));
        Assert.Equal("false", request.Exporters[0].Attrs["store"]);
    }

    [Theory]
    [InlineData("r.io/group/cache", true)]
    [InlineData("r.io/theirs/cache", false)]
    public void RegistryCache_IsWrittenOnlyWhereImagesMayBe(string reference, bool allowed)
    {
        var entry = new CacheOptionsEntry { Type = "registry", Attrs = { ["ref"] = reference } };

        Assert.Equal(allowed, Apply(new SolveRequest { Frontend = "dockerfile.v0", Cache = new CacheOptions { Exports = { entry.Clone() } } }) is null);
        Assert.Null(Apply(new SolveRequest { Frontend = "dockerfile.v0", Cache = new CacheOptions { Imports = { entry.Clone() } } }));
    }

    [Fact]
    public void CacheMounts_AreInTheJobsNamespace_WhateverTheJobSays()
    {
        var request = new SolveRequest { Frontend = "dockerfile.v0", FrontendAttrs = { ["build-arg:BUILDKIT_CACHE_MOUNT_NS"] = "project-8-protected" } };
        var bridge = new BridgeSolveRequest { Frontend = "dockerfile.v0" };
        Apply(request);
        Assert.Null(new SolvePolicy(Strict).Apply(bridge, ""));

        Assert.Equal("project-7-protected", request.FrontendAttrs["build-arg:BUILDKIT_CACHE_MOUNT_NS"]);
        Assert.Equal("project-7-protected", bridge.FrontendOpt["build-arg:BUILDKIT_CACHE_MOUNT_NS"]);
    }

    [Theory]
    [InlineData("project-7-protected/npm", true)]
    [InlineData("npm", false)]
    [InlineData("project-8-protected/npm", false)]
    public void RawDefinition_MayMountOnlyCachesOfTheNamespace(string id, bool allowed)
    {
        var op = new Op { Exec = new ExecOp { Mounts = { new Mount(), new Mount { CacheOpt = new CacheOpt { Id = id } } } } }.ToByteString();

        Assert.Equal(allowed, Apply(new SolveRequest { Definition = new BuildKit.Wire.Ops.Definition { Def = { op } } }) is null);
        Assert.Equal(allowed, Apply(new SolveRequest { Frontend = "dockerfile.v0", FrontendInputs = { ["x"] = new BuildKit.Wire.Ops.Definition { Def = { op } } } }) is null);
        Assert.Equal(allowed, new SolvePolicy(Strict).Apply(new BridgeSolveRequest { Definition = new BuildKit.Wire.Ops.Definition { Def = { op } } }, "") is null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("project-7-protected")]
    public void RawDefinition_ThatNamesAnotherInAFile_IsRefused(string cacheNamespace)
    {
        var policy = new SolvePolicy(new BuildPolicy { CacheNamespace = cacheNamespace });
        var nested = new BuildKit.Wire.Ops.Definition { Def = { new Op { Build = new BuildOp() }.ToByteString() } };

        Assert.Contains("BuildOp", policy.Apply(new SolveRequest { Definition = nested }));
        Assert.Contains("BuildOp", policy.Apply(new SolveRequest { Frontend = "dockerfile.v0", FrontendInputs = { ["x"] = nested } }));
        Assert.Contains("BuildOp", policy.Apply(new BridgeSolveRequest { Definition = nested }, ""));
        Assert.Contains("BuildOp", policy.Apply(new BridgeSolveRequest { Frontend = "dockerfile.v0", FrontendInputs = { ["x"] = nested } }, ""));
    }

    [Fact]
    public void Frontend_Builtin_FollowsNoSyntaxLineAndTakesNoImage()
    {
        var policy = new SolvePolicy(new BuildPolicy { BuiltinFrontend = true });
        var request = new SolveRequest { Frontend = "dockerfile.v0" };

        Assert.Null(policy.Apply(request));
        Assert.True(request.FrontendAttrs.ContainsKey("cmdline"));
        Assert.Contains("[builder] frontends", policy.Apply(new SolveRequest { Frontend = "gateway.v0", FrontendAttrs = { ["source"] = "evil/frontend" } }));
        Assert.Null(new SolvePolicy(new BuildPolicy()).Apply(new SolveRequest { Frontend = "gateway.v0" }));
    }

    [Fact]
    public void BuildCache_OfABuildThatMakesNothingNew_IsNotWritten()
    {
        var request = new SolveRequest { Frontend = "dockerfile.v0", FrontendAttrs = { ["filename"] = "Dockerfile", [BuildCacheEntries.Off] = "" } };

        new SolvePolicy(new BuildPolicy { Cache = S3() }).Apply(request);

        Assert.Empty(request.Cache.Exports);
        Assert.False(request.FrontendAttrs.ContainsKey(BuildCacheEntries.Off), "it is not the frontend's");
    }

    [Theory]
    [InlineData(true, "filename=Dockerfile")]
    [InlineData(true, "filename=Dockerfile", "context=http://buildkit-session/8f1c")]
    [InlineData(false, "filename=Dockerfile", "context=https://gitlab.test/group/demo.git#main")]
    [InlineData(true, "filename=Dockerfile", "build-arg:VERSION=2", "label:a=b", "vcs:revision=1234")]
    [InlineData(false, "filename=Dockerfile", "target=test")]
    [InlineData(false, "filename=Dockerfile", "platform=linux/arm64")]
    [InlineData(false, "filename=Dockerfile", "vcs:localdir:context=api")]
    [InlineData(false, "filename=api.Dockerfile")]
    public void BuildCache_OfEachImageOfAProject_HasItsOwnName(bool same, params string[] options)
    {
        var policy = new SolvePolicy(new BuildPolicy { Cache = S3() });
        var (first, second) = (new SolveRequest { Frontend = "dockerfile.v0", FrontendAttrs = { ["filename"] = "Dockerfile" } }, new SolveRequest { Frontend = "dockerfile.v0" });
        foreach (var option in options)
        {
            second.FrontendAttrs.Add(option.Split('=')[0], option.Split('=')[1]);
        }

        policy.Apply(first);
        policy.Apply(second);

        string Name(SolveRequest request) => Assert.Single(request.Cache.Exports).Attrs["name"];
        Assert.Matches("^feature-[0-9a-f]{12}$", Name(first));
        Assert.Equal(same, Name(first) == Name(second));
        var branch = new SolveRequest { Frontend = "dockerfile.v0", FrontendAttrs = { second.FrontendAttrs } };
        branch.FrontendAttrs.Remove("cache-imports");
        if (branch.FrontendAttrs.TryGetValue("context", out var context))
        {
            branch.FrontendAttrs["context"] = context.Replace("#main", "#feature", StringComparison.Ordinal);
        }

        policy.Apply(branch);
        Assert.Equal(Name(second), Name(branch));
        Assert.Equal([Name(second), Name(second).Replace("feature", "main", StringComparison.Ordinal)], second.Cache.Imports.Select(i => i.Attrs["name"]));
    }

    [Fact]
    public void BuildCache_IsAddedWithTheCredential_UnlessTheJobHasItsOwn()
    {
        var policy = new SolvePolicy(new BuildPolicy { Cache = S3() });
        var request = new SolveRequest { Frontend = "dockerfile.v0" };
        var own = new SolveRequest { Frontend = "dockerfile.v0", Cache = new CacheOptions { Exports = { new CacheOptionsEntry { Type = "inline" } }, Imports = { new CacheOptionsEntry { Type = "registry", Attrs = { ["ref"] = "r.io/c" } } } } };
        Assert.Null(policy.Apply(request));
        Assert.Null(policy.Apply(own));

        var export = Assert.Single(request.Cache.Exports);
        Assert.Equal(("s3", "b/unprotected/", "feature", "max", "true", "key"), (export.Type, export.Attrs["prefix"], export.Attrs["name"], export.Attrs["mode"], export.Attrs["ignore-error"], export.Attrs["access_key_id"]));
        var imports = JsonDocument.Parse(request.FrontendAttrs["cache-imports"]).RootElement;
        Assert.Equal(["b/unprotected/ feature", "b/protected/ main"], imports.EnumerateArray().Select(i => i.GetProperty("Attrs")).Select(a => $"{a.GetProperty("prefix")} {a.GetProperty("name")}"));
        Assert.Equal(2, request.Cache.Imports.Count);
        Assert.True(request.FrontendAttrs.ContainsKey("cmdline"), "a frontend image would see the credential");
        Assert.Equal(("inline", "registry"), (own.Cache.Exports.Single().Type, own.Cache.Imports.Single().Type));
    }

    [Theory]
    [InlineData("/moby.buildkit.v1.Control/Session", true)]
    [InlineData("/moby.buildkit.v1.frontend.LLBBridge/Ping", true)]
    [InlineData("/moby.buildkit.v1.Control/Prune", false)]
    [InlineData("/moby.buildkit.v1.Control/DiskUsage", false)]
    [InlineData("/moby.buildkit.v1.frontend.LLBBridge/NewContainer", false)]
    [InlineData("/containerd.services.content.v1.Content/Read", false)]
    public void Calls_ThatLookAtOthersOrRunContainers_DoNotPass(string path, bool passes) => Assert.Equal(passes, AllowedCalls.Passes(path));

    private static string? Apply(SolveRequest request) => new SolvePolicy(Strict).Apply(request);

    private static SolveRequest Push(string names) =>
        new() { Frontend = "dockerfile.v0", Exporters = { new Exporter { Type = "image", Attrs = { ["name"] = names, ["push"] = "true" } } } };

    private static BuildCache S3() => new()
    {
        Endpoint = "http://minio:9000",
        Bucket = "cache",
        AccessKey = "key",
        SecretKey = "secret",
        PathStyle = true,
        Prefix = "b/unprotected/",
        Name = "feature",
        Sources = { new BuildCacheSource { Prefix = "b/unprotected/", Name = "feature" }, new BuildCacheSource { Prefix = "b/protected/", Name = "main" } },
    };
}
