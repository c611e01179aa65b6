using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines.Scripts;

/// <summary>download_artifacts and upload_artifacts_* (shells/abstract.go downloadArtifacts, writeUploadArtifact).</summary>
internal static class ArtifactScripts
{
    public static IReadOnlyList<PayloadDependency> Dependencies(ScriptRequest request) =>
        [.. request.Job.Dependencies.Where(d => d.ArtifactsFile.Filename.Length > 0)];

    public static IReadOnlyList<PayloadArtifact> Uploads(ScriptRequest request, string when) =>
        [.. (request.Job.Artifacts ?? []).Where(a => (a.Paths.Count > 0 || a.Untracked) && (a.When == when || a.When == "always" || (a.When.Length == 0 && when == "on_success")))];

    public static void WriteDownload(ScriptWriter writer, ScriptRequest request)
    {
        writer.Command("cd", request.Paths.BuildDir);
        writer.IfQuietly("gitlab-runner", "--version");
        foreach (var dependency in Dependencies(request))
        {
            writer.Notice($"Downloading artifacts for {dependency.Name} ({dependency.Id})...");
            writer.Command("gitlab-runner", "artifacts-downloader", "--url", request.GitLabUrl, "--token", dependency.Token, "--id", $"{dependency.Id}");
        }

        writer.Else();
        writer.Warning("Missing gitlab-runner. Artifacts downloading is disabled.");
        writer.EndIf();
    }

    public static void WriteUpload(ScriptWriter writer, ScriptRequest request, string when)
    {
        writer.Command("cd", request.Paths.BuildDir);
        foreach (var artifact in Uploads(request, when))
        {
            writer.IfQuietly("gitlab-runner", "--version");
            writer.Notice("Uploading artifacts...");
            writer.Command("gitlab-runner", [
                "artifacts-uploader", "--url", request.GitLabUrl, "--token", request.Job.Token, "--id", $"{request.Job.Id}",
                "--timeout", "1h0m0s", "--response-header-timeout", "10m0s", .. Flags(artifact)]);
            writer.Else();
            writer.Warning("Missing gitlab-runner. Uploading artifacts is disabled.");
            writer.EndIf();
        }
    }

    private static IEnumerable<string> Flags(PayloadArtifact artifact) =>
    [
        .. artifact.Paths.SelectMany(p => new[] { "--path", p }),
        .. (artifact.Exclude ?? []).SelectMany(p => new[] { "--exclude", p }),
        .. artifact.Untracked ? new[] { "--untracked" } : [],
        .. artifact.Name.Length > 0 ? new[] { "--name", artifact.Name } : [],
        .. artifact.ExpireIn.Length > 0 ? new[] { "--expire-in", artifact.ExpireIn } : [],
        "--artifact-format", artifact.ArtifactFormat,
        "--artifact-type", artifact.ArtifactType,
    ];
}
