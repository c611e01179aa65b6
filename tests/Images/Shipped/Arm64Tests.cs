using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images.Shipped;

/// <summary>The binaries for arm64, cross-compiled: run by an emulator, and in the images of both architectures.</summary>
public sealed class Arm64Tests(ShippedImages images) : IClassFixture<ShippedImages>
{
    private static readonly string Emulator = Path.Combine(Testbed.Cache, "qemu", "usr", "bin", "qemu-aarch64-static");
    private static readonly string Driver = Path.Combine(ShippedImages.Root, "artifacts/publish/Driver/release_linux-arm64/pod-executor");
    private static readonly string Agent = Path.Combine(ShippedImages.Root, "artifacts/publish/Agent/release_linux-arm64/pod-agent");

    [Fact]
    public async Task Agent_UnderAnEmulator_RunsAScript()
    {
        var version = await images.Project.PassAsync(Emulator, Agent, "--version");

        var (output, code) = await HelperContainer.ScriptAsync(Emulator, Agent, "echo \"$((6 * 7)) by a shell\"\nexit 3\n");

        Assert.StartsWith("pod-agent ", version.Output, StringComparison.Ordinal);
        Assert.Equal("42 by a shell\n", output);
        Assert.Equal(3, code);
    }

    [Fact]
    public async Task Driver_UnderAnEmulator_WritesTheReference()
    {
        var version = await images.Project.PassAsync(Emulator, Driver, "--version");
        Directory.CreateDirectory(images.Project.At("reference"));

        await images.Project.PassAsync(Emulator, Driver, "settings-reference", images.Project.At("reference"));

        Assert.StartsWith("pod-executor ", version.Output, StringComparison.Ordinal);
        Assert.Equal(
            await File.ReadAllTextAsync(Path.Combine(ShippedImages.Root, "docs/settings.md"), TestContext.Current.CancellationToken),
            await File.ReadAllTextAsync(images.Project.At("reference/settings.md"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Runner_OfBothArchitectures_IsOneName()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["ARCHITECTURES"] = "amd64 arm64", ["BASE"] = await images.RunnerBaseAsync() };

        var index = await images.BuildAsync("runner", images.Name("runner-both"), settings);

        Assert.Equal(["amd64", "arm64"], index.Digests.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("arm64", (await index.ConfigAsync("arm64")).GetProperty("architecture").GetString());
        await UnpackAsync(index.Reference("arm64"));
        var version = await images.Project.PassAsync(Emulator, images.Project.At("root/usr/local/bin/pod-executor"), "--version");
        Assert.StartsWith("pod-executor ", version.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Helper_OfBothArchitectures_IsOneNameAndNeedsNoEmulator()
    {
        var index = await images.BuildAsync(
            "helper", images.Name("both"), new Dictionary<string, string>(StringComparer.Ordinal) { ["ARCHITECTURES"] = "amd64 arm64" }, [.. ShippedImages.Network]);

        Assert.Equal(["amd64", "arm64"], index.Digests.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("arm64", (await index.ConfigAsync("arm64")).GetProperty("architecture").GetString());
        Assert.InRange(await index.LayerBytesAsync("arm64"), 1, HelperTests.MostBytes);

        // What the image for arm64 holds runs on arm64: git with the libraries that were put beside it, and the agent.
        await UnpackAsync(index.Reference("arm64"));
        var root = images.Project.At("root");
        var git = await images.Project.PassAsync(Emulator, "-L", root, $"{root}/usr/bin/git", "--version");
        var lfs = await images.Project.PassAsync(Emulator, "-L", root, $"{root}/usr/bin/git-lfs", "version");
        var agent = await images.Project.PassAsync(Emulator, $"{root}/usr/local/bin/pod-agent", "--version");
        Assert.StartsWith("git version ", git.Output, StringComparison.Ordinal);
        Assert.Contains("linux arm64", lfs.Output, StringComparison.Ordinal);
        Assert.StartsWith("pod-agent ", agent.Output, StringComparison.Ordinal);
    }

    private async Task UnpackAsync(string image)
    {
        await Skopeo.RunAsync("copy", "--quiet", "--src-tls-verify=false", "--override-arch", "arm64", $"docker://{image}", $"dir:{images.Project.At("copied")}");
        await images.Project.PassAsync(
            "/bin/sh", "-c", "rm -rf root && mkdir root && for layer in $(sed -n '/\"layers\"/,$ s/.*\"sha256:\\([0-9a-f]*\\)\".*/\\1/p' copied/manifest.json); do tar -C root --keep-directory-symlink -xzf copied/$layer; done");
    }
}
