using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace PodExecutor.Tests.Unit.Artifacts;

/// <summary>A request as it came in.</summary>
/// <param name="FileName">Of the form's file, or null.</param>
internal sealed record RequestOutcome(
    string Method, string Path, string Query, string? Token, string? TransferEncoding, long? ContentLength, string? FileName, byte[] File, string Hash);

/// <summary>One GitLab API or one object storage on loopback; each test says what it answers.</summary>
internal sealed class CoordinatorDouble : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly Func<HttpContext, int, Task> _answer;
    private readonly bool _keepFile;
    private int _count;

    private CoordinatorDouble(Func<HttpContext, int, Task> answer, bool keepFile)
    {
        (_answer, _keepFile) = (answer, keepFile);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        _server = builder.Build();
        _server.Run(HandleAsync);
    }

    public ConcurrentQueue<RequestOutcome> Requests { get; } = new();

    public string Url { get; private set; } = "";

    private bool IsReading { get; set; } = true;

    /// <param name="answer">Gets the request, whose body has been read, and its number from 1.</param>
    /// <param name="keepFile">False for files that do not fit into memory: only their hash is kept.</param>
    public static async Task<CoordinatorDouble> StartAsync(Func<HttpContext, int, Task> answer, bool keepFile = true)
    {
        var server = new CoordinatorDouble(answer, keepFile);
        await server._server.StartAsync(TestContext.Current.CancellationToken);
        server.Url = server._server.Urls.First();
        return server;
    }

    /// <summary>Refuses with this status and does not read a byte of the body.</summary>
    public static async Task<CoordinatorDouble> StartRefusingAsync(int status)
    {
        var server = await StartAsync((context, _) =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        server.IsReading = false;
        return server;
    }

    public static Task<CoordinatorDouble> StartAsync(params int[] statuses) =>
        StartAsync((context, number) =>
        {
            context.Response.StatusCode = statuses[Math.Min(number, statuses.Length) - 1];
            return Task.CompletedTask;
        });

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _server.StopAsync(atOnce.Token);
        await _server.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var number = Interlocked.Increment(ref _count);
        var request = context.Request;
        var outcome = new RequestOutcome(
            request.Method, request.Path, request.QueryString.Value ?? "", request.Headers["JOB-TOKEN"], request.Headers.TransferEncoding,
            request.ContentLength, null, [], "");
        Requests.Enqueue(request.ContentType?.StartsWith("multipart/", StringComparison.Ordinal) == true && IsReading ? await ReadAsync(context, outcome) : outcome);
        await _answer(context, number);
    }

    private async Task<RequestOutcome> ReadAsync(HttpContext context, RequestOutcome outcome)
    {
        var boundary = context.Request.ContentType!.Split("boundary=")[1].Trim('"');
        var reader = new MultipartReader(boundary, context.Request.Body);
        var section = (await reader.ReadNextSectionAsync(context.RequestAborted))!;
        var disposition = section.GetContentDispositionHeader()!;
        Assert.Equal("file", disposition.Name.Value!.Trim('"'));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var kept = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int count;
        while ((count = await section.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            hash.AppendData(buffer.AsSpan(0, count));
            kept.Write(buffer.AsSpan(0, _keepFile ? count : 0));
        }

        return outcome with
        {
            FileName = disposition.FileName.Value!.Trim('"'),
            File = kept.ToArray(),
            Hash = Convert.ToHexString(hash.GetHashAndReset()),
        };
    }
}
