using System.Text.Json;
using System.Text.RegularExpressions;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>push sends what was built, although no image is kept: by the published agent, a real BuildKit and a real registry.</summary>
public sealed partial class PushTests
{
    [Theory]
    [InlineData("--no-cache")]
    [InlineData("--no-cache-filter", "stage-0")]
    [InlineData("--pull")]
    public async Task Push_OfABuildWithoutTheCache_RunsNothingAgain(params string[] flags)
    {
        using var project = OfItsOwnProject().Dockerfile("RUN date +%s%N > /made");

        await project.PassAsync("docker", ["build", .. flags, "-t", project.Image(), "."]);
        var id = await IdAsync(project, project.Image());
        var push = await project.PassAsync("docker", "push", project.Image());

        Assert.Equal(id, await PushedIdAsync(project.Image()));
        Assert.DoesNotContain("WARNING", push.Log);
    }

    [Fact]
    public async Task Push_AfterFilesCame_SendsWhatWasBuilt()
    {
        using var project = OfItsOwnProject().Dockerfile("COPY . /all").Write("app", "content").Write("touched", "same").Write("folder/file", "content");

        await project.PassAsync("docker", "build", "-t", project.Image(), ".");
        project.Write("report.xml", "by the tests").Write("folder/another", "file").Write("new/folder", "file").Write(".dockerignore", "app").Write("touched", "same");
        var push = await project.PassAsync("docker", "push", project.Image());

        Assert.Equal(await IdAsync(project, project.Image()), await PushedIdAsync(project.Image()));
        Assert.DoesNotContain("WARNING", push.Log);
    }

    [Theory]
    [InlineData("app")]
    [InlineData("Dockerfile")]
    [InlineData("folder/file")]
    public async Task Push_AfterAFileWasChanged_SendsWhatWasBuilt(string changed)
    {
        using var project = OfItsOwnProject().Dockerfile("COPY . /all").Write("app", "one").Write("folder/file", "one");

        await project.PassAsync("docker", "build", "-t", project.Image(), ".");
        project.Write(changed, $"FROM {Testbed.Base}\nCOPY app /\nENV IS=CHANGED\n");
        var push = await project.PassAsync("docker", "push", project.Image());

        Assert.Equal(await IdAsync(project, project.Image()), await PushedIdAsync(project.Image()));
        Assert.DoesNotContain("WARNING", push.Log);
    }

    [Fact]
    public async Task Push_AfterFilesWereRemoved_SendsWhatWasBuilt()
    {
        using var project = OfItsOwnProject().Dockerfile("COPY . /all").Write("app", Large("one")).Write("folder/file", "one");
        File.CreateSymbolicLink(project.At("link"), "app");

        await project.PassAsync("docker", "build", "-t", project.Image(), ".");
        Directory.Delete(project.Folder, recursive: true);
        Directory.CreateDirectory(project.Folder);
        await project.PassAsync("docker", "push", project.Image());

        Assert.Equal(await IdAsync(project, project.Image()), await PushedIdAsync(project.Image()));
    }

    [Fact]
    public async Task Push_OfVariantsThatOverwriteTheirFiles_SendsEachUnderItsName()
    {
        using var project = OfItsOwnProject();
        string[] versions = ["1", "2", "3"];
        string Image(string version) => $"{Testbed.Registry}/{project.Unique}/app:{version}";

        var built = new Dictionary<string, string>();
        foreach (var version in versions)
        {
            project.Dockerfile("COPY app /app", $"ENV VERSION={version}").Write("app", $"version {version}");
            await project.PassAsync("docker", "build", "-t", Image(version), ".");
            built[version] = await IdAsync(project, Image(version));
        }

        await project.PassAsync("docker", "push", "-a", $"{Testbed.Registry}/{project.Unique}/app");

        foreach (var version in versions)
        {
            Assert.Equal(built[version], await PushedIdAsync(Image(version)));
        }
    }

    [Fact]
    public async Task Push_OfAVariantWhoseLargeFileIsOverwritten_IsRefusedUntilItIsBack()
    {
        using var project = OfItsOwnProject().Dockerfile("COPY app /app");
        string Image(string version) => $"{Testbed.Registry}/{project.Unique}/app:{version}";

        foreach (var version in new[] { "1", "2" })
        {
            project.Write("app", Large(version));
            await project.PassAsync("docker", "build", "-t", Image(version), ".");
        }

        var refused = await project.RunAsync("docker", "push", Image("1"));
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => Skopeo.DigestAsync(Image("1")));
        await project.PassAsync("docker", "push", Image("2"));
        project.Write("app", Large("1"));
        await project.PassAsync("docker", "push", Image("1"));

        Assert.True(refused.Code == 1, refused.All);
        Assert.Contains("changed since, among them app, and its builder does not have them any more", refused.Log);
        Assert.Contains("push each image before its files are changed", refused.Log);
        Assert.Equal(await IdAsync(project, Image("1")), await PushedIdAsync(Image("1")));
        Assert.Equal(await IdAsync(project, Image("2")), await PushedIdAsync(Image("2")));
    }

    [Fact]
    public async Task Push_OfAllTags_SendsOneImageUnderAllOfItsNames()
    {
        using var project = OfItsOwnProject().Dockerfile("RUN date +%s%N > /made");
        var name = $"{Testbed.Registry}/{project.Unique}/app";

        await project.PassAsync("docker", "build", "--no-cache", "-t", name + ":1", ".");
        await project.PassAsync("docker", "tag", name + ":1", name + ":latest");
        var push = await project.PassAsync("docker", "push", "-a", name);
        var quiet = await project.PassAsync("docker", "push", "-a", "-q", name);

        var digest = await Skopeo.DigestAsync(name + ":1");
        Assert.Equal(digest, await Skopeo.DigestAsync(name + ":latest"));
        Assert.Equal(["1", "latest"], PushedLine().Matches(push.Output).Where(m => m.Groups["digest"].Value == digest).Select(m => m.Groups["tag"].Value));
        Assert.Equal(name, quiet.Output.Trim());
        Assert.Equal(1, push.Log.Split("exporting manifest sha256:").Length - 1);
    }

    [Fact]
    public async Task Push_OfAnImageWithAnInlineCache_HasTheCache()
    {
        using var project = OfItsOwnProject().Dockerfile("RUN date +%s%N > /made");

        await project.PassAsync("docker", "build", "--cache-to", "type=inline", "-t", project.Image(), ".");
        var push = await project.PassAsync("docker", "push", project.Image());

        Assert.Contains("moby.buildkit.cache", await Skopeo.RunAsync("inspect", "--tls-verify=false", "--config", "--raw", "docker://" + project.Image()));
        Assert.DoesNotContain("WARNING", push.Log);
    }

    [Fact]
    public async Task Push_OfAnImageWithItsOwnFormat_KeepsTheFormat()
    {
        using var project = OfItsOwnProject().Dockerfile("RUN date +%s%N > /made");

        await project.PassAsync("docker", "build", "-t", project.Image(), "--metadata-file", "made.json", "--output", "type=image,compression=zstd,force-compression=true,oci-mediatypes=true", ".");
        await project.PassAsync("docker", "push", project.Image());

        using var manifest = JsonDocument.Parse(await RawAsync(project.Image()));
        Assert.All(manifest.RootElement.GetProperty("layers").EnumerateArray(), l => Assert.Equal("application/vnd.oci.image.layer.v1.tar+zstd", l.GetProperty("mediaType").GetString()));
        Assert.Contains(await Skopeo.DigestAsync(project.Image()), File.ReadAllText(project.At("made.json")));
    }

    [Fact]
    public async Task Names_GivenByTheOutput_ArePushedAndFound()
    {
        using var project = OfItsOwnProject().Dockerfile("RUN date +%s%N > /made");

        await project.PassAsync("nerdctl", "build", "--output", $"type=image,name={project.Image()}", ".");
        var push = await project.PassAsync("nerdctl", "push", project.Image());
        var digest = PushedLine().Match(push.Output).Groups["digest"].Value;
        var byDigest = $"{Testbed.Registry}/{project.Unique}/app@{digest}";
        await project.PassAsync("image-build", "--output", $"type=image,name={project.Image()},push=true", "--dotenv", "image.env", ".");

        Assert.Equal(digest, await Skopeo.DigestAsync(project.Image()));
        Assert.Equal(await IdAsync(project, project.Image()), await IdAsync(project, byDigest));
        Assert.Contains($"IMAGE_NAME={Testbed.Registry}/{project.Unique}/app", File.ReadAllText(project.At("image.env")));
    }

    [Fact]
    public async Task Push_OfABuildWhoseVariableWasNotSet_TakesNoLaterValue()
    {
        using var project = OfItsOwnProject().Dockerfile("ARG VERSION=none", "ENV VERSION=$VERSION");

        await project.PassAsync("docker", "build", "--build-arg", "VERSION", "-t", project.Image(), ".");
        project.Variables["VERSION"] = "later";
        await project.PassAsync("docker", "push", project.Image());

        Assert.Equal(await IdAsync(project, project.Image()), await PushedIdAsync(project.Image()));
    }

    /// <summary>The builder keeps what it was sent by project, folder and Dockerfile: no other test must come between.</summary>
    private static Project OfItsOwnProject()
    {
        var project = new Project();
        project.Variables["CI_PROJECT_ID"] = project.Unique;
        return project;
    }

    /// <summary>More than a build takes a copy of.</summary>
    private static string Large(string text) => string.Concat(Enumerable.Repeat(text + "\n", 1_000_000));

    private static async Task<string> IdAsync(Project project, string image) =>
        (await project.PassAsync("docker", "inspect", "--format", "{{.Id}}", image)).Output.Trim();

    private static async Task<string?> PushedIdAsync(string image)
    {
        using var manifest = JsonDocument.Parse(await RawAsync(image));
        return manifest.RootElement.GetProperty("config").GetProperty("digest").GetString();
    }

    private static Task<string> RawAsync(string image) => Skopeo.RunAsync("inspect", "--tls-verify=false", "--raw", "docker://" + image);

    [GeneratedRegex(@"^(?<tag>\w+): digest: (?<digest>sha256:[a-f0-9]{64}) size: [1-9][0-9]*$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex PushedLine();
}
