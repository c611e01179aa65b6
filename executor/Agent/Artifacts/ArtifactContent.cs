using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace PodExecutor.Agent.Artifacts;

/// <summary>The field "file" of the upload's form, made while it is sent: neither memory nor disk holds the archive.</summary>
/// <param name="sent">Called when the last byte has been handed to the connection.</param>
internal sealed class ArtifactContent(RunnerContext context, string format, UploadPlan plan, Action sent) : HttpContent
{
    /// <summary>One chunk of the request; the archive's own pieces are some bytes to some KiB.</summary>
    private const int ChunkSize = 64 * 1024;

    /// <summary>The whole form.</summary>
    public MultipartFormDataContent InForm()
    {
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"file\"; filename=\"{Quoted(plan.FileName)}\"");

        // Unquoted and plain UTF-8, as Go's multipart writer does: what .NET adds by itself (filename*=) GitLab has never been sent.
        var form = new MultipartFormDataContent { HeaderEncodingSelector = (_, _) => Encoding.UTF8 };
        form.Add(this);
        return form;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? transport, CancellationToken cancellationToken)
    {
        // Not disposed: that would close the connection's stream.
        var chunks = new BufferedStream(stream, ChunkSize);
        await (format switch
        {
            "zip" => ZipFormat.WriteAsync(context, plan.Files, chunks, cancellationToken),
            "gzip" => GzipFormat.WriteAsync(context, plan.Files, chunks, cancellationToken),
            _ => WriteRawAsync(chunks, cancellationToken),
        });
        await chunks.FlushAsync(cancellationToken);
        sent();
    }

    /// <summary>Unknown, so the request is chunked.</summary>
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async Task WriteRawAsync(Stream stream, CancellationToken cancel)
    {
        await using var file = ArtifactFile.Open(context, plan.Files[0])
            ?? throw new ArtifactException($"The artifact {plan.Files[0].Path} vanished before it could be uploaded.");
        await ArtifactFile.CopyAsync(file, plan.Files[0].Path, piece => stream.WriteAsync(piece, cancel), cancel);
    }

    private static string Quoted(string name) =>
        string.Concat(name.Select(c => char.IsControl(c) ? "_" : c is '"' or '\\' ? "\\" + c : c.ToString()));
}
