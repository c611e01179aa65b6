using System.Diagnostics;
using System.Formats.Tar;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>Archives that come by stdin and go by stdout.</summary>
public sealed class StdinTests
{
    [Theory]
    [InlineData("--xz")]
    [InlineData("--bzip2")]
    [InlineData("--gzip")]
    [InlineData("--zstd")]
    public async Task Context_OnStdin_IsUnpackedHoweverItIsCompressed(string compression)
    {
        using var project = new Project().Write("context/Dockerfile", $"FROM {Testbed.Base}\nCOPY app /app\n").Write("context/app", Guid.NewGuid().ToString());
        var archive = await TarAsync(project, compression);

        var result = await project.RunAsync("docker", archive, "build", "-o", "out", "-");
        var named = await project.RunAsync("docker", archive, "build", "-f", "Dockerfile", "-t", project.Image(), "-");
        var push = await project.RunAsync("docker", "push", project.Image());

        Assert.True(result.Code == 0 && named.Code == 0 && push.Code == 0, result.All + named.All + push.All);
        Assert.Equal(File.ReadAllText(project.At("context/app")), File.ReadAllText(project.At("out/app")));
        Assert.DoesNotContain("WARNING", push.Log);
        Assert.StartsWith("sha256:", await Skopeo.DigestAsync(project.Image()));
    }

    [Theory]
    [InlineData("--zstd")]
    [InlineData("--xz")]
    public async Task Context_OnStdin_ThatIsCutOff_FailsTheBuild(string compression)
    {
        using var project = new Project().Write("context/Dockerfile", "FROM scratch\nCOPY app /app\n").Write("context/app", string.Concat(Enumerable.Range(0, 1000).Select(_ => Guid.NewGuid())));
        var archive = await TarAsync(project, compression);

        var result = await project.RunAsync("docker", archive[..^1000], "build", "-o", "out", "-");

        Assert.Equal(1, result.Code);
    }

    [Theory]
    [InlineData("type=tar")]
    [InlineData("type=oci")]
    public async Task Archive_WithoutADestination_GoesToStdout(string output)
    {
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /app\n");

        using var process = project.Start("docker", "build", "--progress", "plain", "-o", output, ".");
        process.StandardInput.Close();
        var log = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var names = new List<string>();
        await using (var reader = new TarReader(process.StandardOutput.BaseStream))
        {
            while (await reader.GetNextEntryAsync(copyData: false, TestContext.Current.CancellationToken) is { } entry)
            {
                names.Add(entry.Name);
            }
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await log);
        Assert.Contains(output == "type=tar" ? "app" : "index.json", names);
    }

    private static async Task<byte[]> TarAsync(Project project, string compression)
    {
        using var tar = Process.Start(new ProcessStartInfo("tar", ["-c", compression, "-C", project.At("context"), "."]) { RedirectStandardOutput = true })!;
        using var bytes = new MemoryStream();
        await tar.StandardOutput.BaseStream.CopyToAsync(bytes, TestContext.Current.CancellationToken);
        await tar.WaitForExitAsync(TestContext.Current.CancellationToken);
        return bytes.ToArray();
    }
}
