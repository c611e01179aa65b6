namespace PodExecutor.Agent.Artifacts;

/// <summary>What is sent, and under which file name.</summary>
internal sealed record UploadPlan(string FileName, IReadOnlyList<SelectedFile> Files)
{
    /// <summary>GitLab's name for artifacts that the job did not name.</summary>
    private const string DefaultName = "artifacts";

    /// <summary>null if there is nothing to upload.</summary>
    /// <exception cref="ArtifactException">A raw artifact that is not exactly one file.</exception>
    public static UploadPlan? Decide(UploadRequest request, IReadOnlyList<SelectedFile> selected)
    {
        // gzip and raw have no place for anything but contents.
        var files = request.Format == "zip" ? selected : [.. selected.Where(f => f.Status.IsRegular)];
        if (files.Count == 0)
        {
            return null;
        }

        if (request.Format == "raw" && files.Count > 1)
        {
            throw new ArtifactException(
                $"A raw artifact is one file, but {files.Count} match ({files[0].Path}, {files[1].Path}{(files.Count > 2 ? ", …" : "")}). Name one file in the job's artifacts.");
        }

        var given = Path.GetFileName(request.Name?.TrimEnd('/'));
        var name = given is null or "" or "." or ".." ? null : given;
        return new UploadPlan(
            request.Format switch
            {
                "zip" => (name ?? DefaultName) + ".zip",
                "gzip" => (name ?? DefaultName) + ".gz",
                _ => name ?? Path.GetFileName(files[0].Path),
            },
            files);
    }
}
