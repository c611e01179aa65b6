using System.Collections.Concurrent;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace PodExecutor.Driver.Pipelines.GitLab;

/// <summary>A file that a job uploaded.</summary>
/// <param name="Type">archive, junit, dotenv…</param>
internal sealed record ArtifactOutcome(long JobId, string Type, string Format, string FileName, string Path, long Size);

/// <summary>The two halves of GitLab's artifacts API that gitlab-runner's helper uses, over files in one directory.</summary>
internal sealed class ArtifactStore(string directory)
{
    private readonly ConcurrentDictionary<(long Job, string Type), ArtifactOutcome> _files = new();

    public ArtifactOutcome? Archive(long jobId) => _files.GetValueOrDefault((jobId, "archive"));

    public IReadOnlyList<ArtifactOutcome> Of(long jobId) => [.. _files.Values.Where(f => f.JobId == jobId)];

    /// <summary>POST: multipart, field "file", streamed to disk.</summary>
    public async Task UploadAsync(HttpContext context, long jobId)
    {
        var type = Query(context, "artifact_type", "archive");
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var contentType)
            || HeaderUtilities.RemoveQuotes(contentType.Boundary).Value is not { Length: > 0 } boundary)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var reader = new MultipartReader(boundary, context.Request.Body);
        while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
        {
            if (section.GetContentDispositionHeader() is not { } disposition || disposition.Name.Value?.Trim('"') != "file")
            {
                continue;
            }

            var name = Path.GetFileName((disposition.FileNameStar.Value ?? disposition.FileName.Value ?? "artifacts").Trim('"'));
            var path = Path.Combine(directory, $"{jobId}-{Guid.NewGuid():N}");
            await using (var file = File.Create(path))
            {
                await section.Body.CopyToAsync(file, context.RequestAborted);
            }

            _files[(jobId, type)] = new ArtifactOutcome(jobId, type, Query(context, "artifact_format", "zip"), name, path, new FileInfo(path).Length);
        }

        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync("{}");
    }

    public async Task DownloadAsync(HttpContext context, long jobId)
    {
        if (Archive(jobId) is not { } archive)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = archive.Size;
        await using var file = File.OpenRead(archive.Path);
        await file.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    /// <summary>The variables of a dotenv report.</summary>
    public async Task<IReadOnlyDictionary<string, string>> DotenvAsync(long jobId, CancellationToken cancel)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!_files.TryGetValue((jobId, "dotenv"), out var report))
        {
            return variables;
        }

        await using var file = File.OpenRead(report.Path);
        await using var content = report.Format == "gzip" ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
        using var reader = new StreamReader(content);
        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && !line.StartsWith('#'))
            {
                variables[line[..equals].Trim()] = Unquote(line[(equals + 1)..].Trim());
            }
        }

        return variables;
    }

    private static string Unquote(string value) =>
        value.Length >= 2 && value[0] == value[^1] && value[0] is '"' or '\'' ? value[1..^1] : value;

    private static string Query(HttpContext context, string name, string otherwise) =>
        context.Request.Query[name].ToString() is { Length: > 0 } value ? value : otherwise;
}
