using PodExecutor.Link.Builders;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>--provenance, --sbom and --attest: what they attach, pulled back.</summary>
public sealed class AttestationTests
{
    private const string Slsa = "https://slsa.dev/provenance/v0.2";
    private const string Spdx = "https://spdx.dev/Document";
    private const string JobPage = "https://gitlab.test/group/demo/-/jobs/42";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, "--provenance=max")]
    [InlineData(true, "--provenance", "mode=max,builder-id=https://forged.test/")]
    [InlineData(true, "--attest", "type=provenance,mode=max")]
    [InlineData(false, "--provenance=min")]
    public async Task Provenance_InAJob_NamesTheJobAndWhatWasBuilt(bool max, params string[] flags)
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy { BuilderId = JobPage }, HelperContainer.Plain("one"));
        using var project = new Project().Dockerfile("ARG VERSION", "RUN echo $VERSION > /made");
        helper.Serve(project);
        (project.Variables["CI_PROJECT_DIR"], project.Variables["CI_PROJECT_URL"], project.Variables["CI_COMMIT_SHA"]) = (project.Folder, "https://gitlab.test/group/demo", "1234abcd");

        await project.PassAsync("image-build", ["-t", project.Image(), "--push", "--build-arg", "VERSION=1.2", .. flags, "."]);

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        var statement = (await image.AttestationsAsync(Token))[Slsa];
        var predicate = statement.GetProperty("predicate");
        Assert.Equal(JobPage, predicate.GetProperty("builder").GetProperty("id").GetString());
        var subject = statement.GetProperty("subject")[0].GetProperty("digest").GetProperty("sha256").GetString();
        Assert.Contains(image.Manifest.GetProperty("manifests").EnumerateArray(), m => m.GetProperty("digest").GetString() == "sha256:" + subject);
        Assert.Contains(predicate.GetProperty("materials").EnumerateArray(), m => m.GetProperty("uri").GetString()!.Contains("team/public", StringComparison.Ordinal));
        Assert.Equal(max, predicate.TryGetProperty("buildConfig", out _));
        var vcs = predicate.GetProperty("metadata").GetProperty("https://mobyproject.org/buildkit@v1#metadata").GetProperty("vcs");
        Assert.Equal(("https://gitlab.test/group/demo", "1234abcd"), (vcs.GetProperty("source").GetString(), vcs.GetProperty("revision").GetString()));

        // What a build was given is only told where all is to be told.
        Assert.Equal(max, predicate.GetProperty("invocation").GetProperty("parameters").TryGetProperty("args", out var arguments) && arguments.GetProperty("build-arg:VERSION").GetString() == "1.2");
    }

    [Theory]
    [InlineData]
    [InlineData("--provenance=false")]
    public async Task Provenance_ThatIsNotAskedFor_MakesNoIndex(params string[] flags)
    {
        using var project = new Project().Dockerfile("LABEL a=b");

        await project.PassAsync("image-build", ["-t", project.Image(), "--push", .. flags, "."]);

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        Assert.False(image.Manifest.TryGetProperty("manifests", out _));
    }

    [Theory]
    [InlineData("--sbom", "generator=")]
    [InlineData("--attest", "type=sbom,generator=")]
    public async Task Sbom_ByAScannerOfOnesOwn_ListsTheImage(string flag, string value)
    {
        var scanner = await ScannerAsync();
        using var project = new Project().Dockerfile("RUN echo content > /made-$UNIQUE");

        await project.PassAsync("image-build", "-t", project.Image(), "--push", flag, value + scanner, ".");

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        var statement = (await image.AttestationsAsync(Token))[Spdx];
        var files = statement.GetProperty("predicate").GetProperty("files").EnumerateArray().Select(f => f.GetProperty("fileName").GetString()).ToList();
        Assert.Contains("made-" + project.Unique, files);
        Assert.Contains("bin", files);
        var subject = statement.GetProperty("subject")[0].GetProperty("digest").GetProperty("sha256").GetString();
        Assert.Contains(image.Manifest.GetProperty("manifests").EnumerateArray(), m => m.GetProperty("digest").GetString() == "sha256:" + subject);
    }

    [Fact]
    public async Task Sbom_WithTheDefaultScannerOutOfReach_SaysHowToNameAnother()
    {
        using var project = new Project().Dockerfile("LABEL a=b");

        var result = await project.RunAsync("image-build", "-t", project.Image(), "--push", "--sbom=true", ".");

        Assert.Equal(1, result.Code);
        Assert.Contains("--sbom=generator=REGISTRY/SCANNER:TAG", result.Log);
    }

    /// <summary>
    /// A scanner by BuildKit's protocol (docs/attestations/sbom-protocol.md): it finds the image's files at BUILDKIT_SCAN_SOURCE, and leaves in-toto statements in
    /// BUILDKIT_SCAN_DESTINATION.
    /// </summary>
    private static async Task<string> ScannerAsync()
    {
        const string script = """
            #!/bin/sh
            set -e
            files=$(cd "$BUILDKIT_SCAN_SOURCE"; for file in *; do printf ',{"SPDXID":"SPDXRef-%s","fileName":"%s"}' "$file" "$file"; done)
            cat > "$BUILDKIT_SCAN_DESTINATION/scan.spdx.json" <<EOF
            {"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{"spdxVersion":"SPDX-2.3","files":[${files#,}]}}
            EOF
            """;
        using var project = new Project().Write("scan.sh", script).Dockerfile("COPY --chmod=755 scan.sh /scan.sh", "ENTRYPOINT [\"/scan.sh\"]");
        await project.PassAsync("image-build", "-t", project.Image(), "--push", ".");
        return project.Image();
    }
}
