using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Solving;

namespace PodExecutor.Agent.Images.Reports;

/// <summary>The files that a build leaves for scripts and for GitLab: --iidfile, --metadata-file, --dotenv, --code-quality.</summary>
internal sealed class ResultFiles(BuildRequest request, BuildSources sources, ImageContext context)
{
    /// <summary>For pipelines that share one script: as good as the flags.</summary>
    private const string DotenvVariable = "IMAGE_BUILD_DOTENV";
    private const string CodeQualityVariable = "IMAGE_BUILD_CODE_QUALITY";

    /// <exception cref="ImageException">A file cannot be written.</exception>
    public async Task WriteAsync(BuildPlan plan, BuildOutcome outcome, CancellationToken cancel)
    {
        await WriteAsync("--iidfile", request.IdFile, () => outcome.Id ?? "", cancel);
        await WriteAsync("--metadata-file", request.MetadataFile, () => MetadataFile.Text(outcome.Solve.Response), cancel);
        await WriteAsync("--dotenv", request.DotenvFile ?? context.Given(DotenvVariable), () => DotenvReport.Text(plan.Names, outcome), cancel);
        await WriteAsync("--code-quality", request.CodeQualityFile ?? context.Given(CodeQualityVariable), () => CodeQualityReport.Text(outcome.Trace.Warnings, DockerfilePath()), cancel);
    }

    /// <summary>As GitLab shows it: relative to the project.</summary>
    private string DockerfilePath()
    {
        if (sources.DockerfileDirectory is not { } directory)
        {
            return sources.Dockerfile;
        }

        var path = Path.GetRelativePath(context.Given("CI_PROJECT_DIR") ?? context.Directory, Path.Combine(directory, sources.Dockerfile));
        return path.StartsWith("..", StringComparison.Ordinal) ? sources.Dockerfile : path;
    }

    private Task WriteAsync(string flag, string? path, Func<string> text, CancellationToken cancel) => WriteAsync(context, flag, path, text, cancel);

    /// <param name="path">Null: it was not asked for.</param>
    /// <exception cref="ImageException">The file cannot be written.</exception>
    public static async Task WriteAsync(ImageContext context, string flag, string? path, Func<string> text, CancellationToken cancel)
    {
        if (path is null)
        {
            return;
        }

        try
        {
            await File.WriteAllTextAsync(context.At(path), text(), cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"The image is built, but {flag} {path} cannot be written: {e.Message}", ImageExit.Failure, e);
        }
    }
}
