using Microsoft.AspNetCore.Http;
using PodExecutor.Agent.Images.Copies;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>What is asked of the registries between which an image is copied. Real ones: tests/Images/PullTests.</summary>
public sealed class ImageCopyTests : IDisposable
{
    private readonly ImageDesk _desk = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _desk.Dispose();

    [Fact]
    public async Task Copy_WithinARepository_WritesTheTagAlone()
    {
        await using var registry = await RegistryDouble.StartAsync();
        var image = registry.Image("app", "one", "two");

        await CopyAsync(registry, "app", registry, "app", image);

        Assert.Equal(["PUT /v2/app/manifests/1"], registry.Requests);
        Assert.Equal(image.Content, registry.Content["app:1"]);
    }

    [Fact]
    public async Task Copy_AcrossRepositories_MountsAndReadsNoLayer()
    {
        await using var registry = await RegistryDouble.StartAsync();
        var image = registry.Image("app", "one", "two");

        await CopyAsync(registry, "app", registry, "group/release", image);

        Assert.DoesNotContain(registry.Requests, r => r.StartsWith("GET", StringComparison.Ordinal) || r.Contains("uploads/session", StringComparison.Ordinal));
        Assert.Equal("PUT /v2/group/release/manifests/1", registry.Requests.Last());
        Assert.Equal(3, registry.Requests.Count(r => r.EndsWith("&from=app", StringComparison.Ordinal)));
        Assert.Contains(": Mounted from app", _desk.Log);
    }

    [Fact]
    public async Task Copy_OfAnIndexToAnotherRegistry_BringsChildrenFirstAndSharedLayersOnce()
    {
        await using var source = await RegistryDouble.StartAsync();
        await using var target = await RegistryDouble.StartAsync();
        var index = source.Index("app", (source.Image("app", "shared", "amd"), "linux/amd64"), (source.Image("app", "shared", "arm"), "linux/arm64"), (source.Image("app", "claims"), "unknown/unknown"));

        await CopyAsync(source, "app", target, "app", index);

        Assert.Equal(source.Content.Keys.Append("app:1").Except([$"app@{index.Digest}"]).Order(), target.Content.Keys.Order());
        Assert.Equal(4 + 3, source.Requests.Count(r => r.StartsWith("GET /v2/app/blobs/", StringComparison.Ordinal)));
        Assert.Equal("PUT /v2/app/manifests/1", target.Requests.Last());
        Assert.Equal(index.Content, target.Content["app:1"]);

        var before = source.Requests.Count(r => r.Contains("/blobs/", StringComparison.Ordinal));
        await CopyAsync(source, "app", target, "app", index);
        Assert.Equal(before, source.Requests.Count(r => r.Contains("/blobs/", StringComparison.Ordinal)));
        Assert.Contains(": Layer already exists", _desk.Log);
    }

    [Theory]
    [InlineData(405)]
    [InlineData(403)]
    [InlineData(202)]
    public async Task Copy_ToARegistryThatMountsNothing_SendsTheBytes(int answer)
    {
        await using var registry = await RegistryDouble.StartAsync();
        registry.Before = context => Instead(context, context.Request.Query.ContainsKey("mount"), answer);
        var image = registry.Image("app", "one");

        await CopyAsync(registry, "app", registry, "release", image);

        Assert.Equal(image.Content, registry.Content["release:1"]);
        Assert.Equal(2, registry.Requests.Count(r => r.StartsWith("PUT /v2/release/blobs/uploads/session?state=1&digest=sha256%3A", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Copy_ToARegistryThatIsBusyOnce_IsTriedAgain()
    {
        await using var registry = await RegistryDouble.StartAsync();
        await using var target = await RegistryDouble.StartAsync();
        var count = 0;
        target.Before = context => Instead(context, context.Request.Path.Value!.EndsWith("/session", StringComparison.Ordinal) && Interlocked.Increment(ref count) == 1, 503);

        await CopyAsync(registry, "app", target, "app", registry.Image("app", "one"));

        Assert.Contains("app:1", target.Content.Keys);
        Assert.Contains("answers 503", _desk.Log);
    }

    [Theory]
    [InlineData(413, "answers 413")]
    [InlineData(417, "")]
    public async Task Copy_OfALargeLayer_IsAskedForFirst(int answer, string failure)
    {
        await using var registry = await RegistryDouble.StartAsync();
        await using var target = await RegistryDouble.StartAsync();
        target.Before = context => Instead(context, context.Request.Headers.Expect.Count > 0, answer);
        var image = registry.Image("app", "one", new string('x', 9_000_000));

        var copied = await Record.ExceptionAsync(() => CopyAsync(registry, "app", target, "app", image));

        // Neither is a connection that breaks while millions of bytes are on their way.
        Assert.Contains(failure, copied?.Message ?? "");
        Assert.Equal(failure.Length == 0, target.Content.ContainsKey("app:1"));
    }

    [Fact]
    public async Task Copy_OfALayerThatIsSomethingElse_EndsWithoutAManifest()
    {
        await using var registry = await RegistryDouble.StartAsync();
        await using var target = await RegistryDouble.StartAsync();
        var image = registry.Image("app", "one");
        registry.Content["app@" + RegistryDouble.DigestOf("one"u8.ToArray())] = "two"u8.ToArray();

        var failure = await Assert.ThrowsAsync<TransferException>(() => CopyAsync(registry, "app", target, "app", image));

        Assert.Contains("is something else", failure.Message);
        Assert.DoesNotContain(target.Content, c => c.Value.AsSpan().SequenceEqual("two"u8));
        Assert.DoesNotContain("app:1", target.Content.Keys);
    }

    [Fact]
    public async Task Copy_OfForeignLayers_LeavesThemOut()
    {
        await using var registry = await RegistryDouble.StartAsync();
        await using var target = await RegistryDouble.StartAsync();
        var config = RegistryDouble.Json("application/vnd.oci.image.config.v1+json", registry.Blob("app", "{}"));
        var foreign = RegistryDouble.Json("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "elsewhere"u8.ToArray());
        var image = registry.Manifest("app", $"{{\"mediaType\":\"{Manifest.DockerManifest}\",\"config\":{config},\"layers\":[{foreign}]}}");

        await CopyAsync(registry, "app", target, "app", image);

        Assert.Equal(2, target.Content.Count);
    }

    [Fact]
    public async Task Login_OfARegistryThatTakesLayersElsewhere_StaysHome()
    {
        await using var source = await RegistryDouble.StartAsync();
        await using var target = await RegistryDouble.StartAsync();
        var seen = new List<string>();
        target.Before = context =>
        {
            lock (seen)
            {
                seen.Add($"{context.Request.Host.Host} {context.Request.Method} {context.Request.Headers.Authorization}".TrimEnd());
            }

            if (context.Request.Method == "POST")
            {
                // "localhost" is another host than 127.0.0.1.
                context.Response.Headers.Location = $"http://localhost:{context.Request.Host.Port}/v2/app/blobs/uploads/session";
                context.Response.StatusCode = 202;
                return true;
            }

            context.Response.Headers.WWWAuthenticate = "Basic realm=\"r\"";
            return Instead(context, context.Request.Host.Host != "localhost" && context.Request.Headers.Authorization.Count == 0, 401);
        };
        (_desk.Variables["CI_REGISTRY"], _desk.Variables["CI_REGISTRY_USER"], _desk.Variables["CI_REGISTRY_PASSWORD"]) = (target.Host, "ci", "s3cret");

        await CopyAsync(source, "app", target, "app", source.Image("app", "one"));

        Assert.Equal(2, seen.Count(s => s.StartsWith("localhost PUT", StringComparison.Ordinal)));
        Assert.DoesNotContain(seen, s => s.StartsWith("localhost", StringComparison.Ordinal) && s.Contains("Basic", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"config":{"digest":"sha256:../../x","size":1},"layers":[]}""")]
    [InlineData("""{"config":{"digest":"sha512:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":1},"layers":[]}""")]
    [InlineData("""{"config":{"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":-1},"layers":[]}""")]
    public void Contents_WithADigestThatIsNone_AreRefused(string manifest) =>
        Assert.Throws<System.Text.Json.JsonException>(() => ManifestContents.Read(Manifest.Of(null, System.Text.Encoding.UTF8.GetBytes(manifest))));

    /// <summary>A status in place of the registry's answer; 202 as the registry itself gives it.</summary>
    private static bool Instead(HttpContext context, bool when, int status)
    {
        if (when && status == 202)
        {
            context.Request.QueryString = QueryString.Empty;
            return false;
        }

        context.Response.StatusCode = when ? status : 200;
        return when;
    }

    private async Task CopyAsync(RegistryDouble from, string path, RegistryDouble to, string name, Manifest image)
    {
        var book = new LoginBook(_desk.Variables.GetValueOrDefault, Path.Combine(_desk.Folder, "none.json"));
        using var source = new RegistryClient(ImageReference.Parse($"{from.Host}/{path}"), writes: false, book, insecure: true, _desk.Context());
        using var target = new RegistryClient(ImageReference.Parse($"{to.Host}/{name}"), writes: true, book, insecure: true, _desk.Context());
        await new ImageCopy(source, target, _desk.Context()).RunAsync(image, "1", Cancel);
    }
}
