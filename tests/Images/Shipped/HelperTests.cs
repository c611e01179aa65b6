using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images.Shipped;

/// <summary>The helper image by its Dockerfile, built by BuildKit through our own client and through Docker's.</summary>
public sealed class HelperTests(ShippedImages images) : IClassFixture<ShippedImages>
{
    internal const long MostBytes = 60 * 1000 * 1000;

    private static readonly Dictionary<string, string> Amd64 = new(StringComparer.Ordinal) { ["ARCHITECTURES"] = "amd64" };

    [Fact]
    public async Task Image_Built_IsSmallAndSaysWhatItIs()
    {
        var index = await images.BuildAsync("helper", images.Name("helper"), With("SBOM", images.Scanner), [.. ShippedImages.Network]);

        Assert.InRange(await index.LayerBytesAsync("amd64"), 1, MostBytes);
        var config = await index.ConfigAsync("amd64");
        var labels = config.GetProperty("config").GetProperty("Labels");
        var commit = (await images.Project.PassAsync("/usr/bin/git", "-C", ShippedImages.Root, "rev-parse", "HEAD")).Output.Trim();
        Assert.Equal("pod-executor helper", labels.GetProperty("org.opencontainers.image.title").GetString());
        Assert.Equal(commit, labels.GetProperty("org.opencontainers.image.revision").GetString());
        Assert.Equal("MIT", labels.GetProperty("org.opencontainers.image.licenses").GetString());
        Assert.Matches(@"^\d+\.\d+\.\d+", labels.GetProperty("org.opencontainers.image.version").GetString());
        Assert.Equal(labels.GetProperty("org.opencontainers.image.created").GetDateTimeOffset(), config.GetProperty("created").GetDateTimeOffset());
        Assert.Equal("/usr/local/bin/pod-agent", config.GetProperty("config").GetProperty("Cmd")[0].GetString());

        var packages = (await index.AttestedAsync("amd64", "https://spdx.dev/Document")).GetProperty("predicate").GetProperty("packages").EnumerateArray()
            .Select(p => p.GetProperty("name").GetString());
        Assert.Superset(new HashSet<string?> { "git", "git-lfs", "bash", "ca-certificates" }, packages.ToHashSet());
        var provenance = await index.AttestedAsync("amd64", "https://slsa.dev/provenance/");
        Assert.Contains(ShippedImages.Debian.Split('/')[^1].Split(':')[0], provenance.GetProperty("predicate").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Image_BuiltTwiceWithoutCacheByTwoClients_IsTheSameBytes()
    {
        var ours = await images.BuildAsync("helper", images.Name("ours"), Amd64, ["--no-cache", .. ShippedImages.Network]);
        var docker = await DockerAsync("remote", Testbed.Builder);

        var theirs = await images.BuildAsync("helper", images.Name("theirs"), docker, ["--no-cache", .. ShippedImages.Network]);

        Assert.Equal(ours.Digests["amd64"], theirs.Digests["amd64"]);
    }

    [Fact]
    public async Task Build_ByDockersOwnBuilder_SaysWhichToMake()
    {
        var docker = await DockerAsync(null, "unix:///run/pod-executor-buildkit/0.25/docker.sock");

        var result = await images.RunAsync("helper", images.Name("refused"), docker);

        Assert.Equal(1, result.Code);
        Assert.Contains("docker buildx create --use", result.Log, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> With(string name, string value) => new(Amd64, StringComparer.Ordinal) { [name] = value };

    /// <summary>The environment of a machine with Docker's client: its command line is docker, its builder the one of this driver.</summary>
    private async Task<Dictionary<string, string>> DockerAsync(string? driver, string address)
    {
        var folder = images.Project.At("docker-" + (driver ?? "own"));
        Directory.CreateDirectory(folder);
        var docker = Path.Combine(folder, "docker");
        await File.WriteAllTextAsync(docker, $"#!/bin/sh\nshift\nexec '{Testbed.Buildx}' \"$@\"\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(docker, (UnixFileMode)0x1ED);
        Dictionary<string, string> environment = new(Amd64, StringComparer.Ordinal) { ["PATH"] = $"{folder}:/usr/bin:/bin", ["BUILDER"] = "", ["DOCKER_CONFIG"] = folder };
        if (driver is null)
        {
            environment["DOCKER_HOST"] = address;
        }
        else
        {
            await images.Project.PassAsync("/usr/bin/env", $"DOCKER_CONFIG={folder}", docker, "buildx", "create", "--use", "--driver", driver, address);
        }

        return environment;
    }
}
