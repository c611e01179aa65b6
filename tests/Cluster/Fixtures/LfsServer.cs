using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>The download half of the Git LFS batch API (git-lfs docs/api/batch.md) for one object.</summary>
internal sealed class LfsServer : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly byte[] _content;

    private LfsServer(byte[] content)
    {
        _content = content;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Any, 0));
        _server = builder.Build();
        _server.Run(HandleAsync);
    }

    public string Oid => Convert.ToHexStringLower(SHA256.HashData(_content));

    /// <summary>What stands in the repository in the object's place.</summary>
    public string Pointer => $"version https://git-lfs.github.com/spec/v1\noid sha256:{Oid}\nsize {_content.Length}\n";

    public string Url => $"http://{TestCluster.NodeAddress}:{new Uri(_server.Urls.First()).Port}";

    public static async Task<LfsServer> StartAsync(byte[] content)
    {
        var server = new LfsServer(content);
        await server._server.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        if (context.Request.Path == "/objects/batch")
        {
            context.Response.ContentType = "application/vnd.git-lfs+json";
            await context.Response.WriteAsync(JsonSerializer.Serialize(new
            {
                transfer = "basic",
                objects = new[] { new { oid = Oid, size = _content.Length, actions = new { download = new { href = $"{Url}/content" } } } },
            }));
        }
        else if (context.Request.Path == "/content")
        {
            await context.Response.Body.WriteAsync(_content);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
    }
}
