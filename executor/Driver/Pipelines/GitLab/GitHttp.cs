using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace PodExecutor.Driver.Pipelines.GitLab;

/// <summary>The read half of git's smart HTTP protocol (gitprotocol-http): git itself answers, this only connects it.</summary>
internal sealed class GitHttp(string repository)
{
    private const string Service = "git-upload-pack";

    public async Task AdvertiseAsync(HttpContext context)
    {
        if (context.Request.Query["service"] != Service)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            await context.Response.WriteAsync("This repository can only be read.\n");
            return;
        }

        context.Response.ContentType = $"application/x-{Service}-advertisement";
        var line = $"# service={Service}\n";
        await context.Response.WriteAsync((line.Length + 4).ToString("x4", CultureInfo.InvariantCulture) + line + "0000");
        await ServeAsync(context, ["--advertise-refs"]);
    }

    public Task UploadPackAsync(HttpContext context)
    {
        context.Response.ContentType = $"application/x-{Service}-result";
        return ServeAsync(context, []);
    }

    private async Task ServeAsync(HttpContext context, IReadOnlyList<string> flags)
    {
        var environment = new Dictionary<string, string>();
        if (context.Request.Headers["Git-Protocol"].ToString() is { Length: > 0 } version)
        {
            environment["GIT_PROTOCOL"] = version;
        }

        var cancel = context.RequestAborted;
        using var git = GitCommand.Start(GitCommand.Describe(repository, environment, ["upload-pack", "--stateless-rpc", "--strict", .. flags, repository]));
        using var onAbort = cancel.Register(() => git.Kill());
        var stderr = git.StandardError.ReadToEndAsync(cancel);
        var input = SendAsync(context.Request, git.StandardInput.BaseStream, cancel);
        await git.StandardOutput.BaseStream.CopyToAsync(context.Response.Body, cancel);
        await input;
        await git.WaitForExitAsync(cancel);
        if (git.ExitCode != 0 && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(await stderr), cancel);
        }
    }

    private static async Task SendAsync(HttpRequest request, Stream git, CancellationToken cancel)
    {
        // git compresses long negotiations.
        await using var body = request.Headers.ContentEncoding == "gzip" ? new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true) : request.Body;
        try
        {
            await body.CopyToAsync(git, cancel);
        }
        catch (IOException) when (!cancel.IsCancellationRequested)
        {
            // git had enough; what it says about that is in its answer.
        }

        git.Close();
    }
}
