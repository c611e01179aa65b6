using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace PodExecutor.Bench.Cache;

/// <summary>An object store over plain HTTP on loopback, in memory; the same for us and for the peers. GET with ranges, PUT.</summary>
internal sealed class ObjectStore : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly ConcurrentDictionary<string, byte[]> _objects = new();
    private long _in;

    private ObjectStore()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0);
        });
        _server = builder.Build();
        _server.Run(HandleAsync);
    }

    public string Url => _server.Urls.First() + "/";

    /// <summary>Of bodies that came in, since the last look.</summary>
    public long TakeBytesIn() => Interlocked.Exchange(ref _in, 0);

    public static async Task<ObjectStore> StartAsync(CancellationToken stop)
    {
        var store = new ObjectStore();
        await store._server.StartAsync(stop);
        return store;
    }

    public bool Has(string name) => _objects.ContainsKey("/" + name);

    public void Clear() => _objects.Clear();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        var name = context.Request.Path.Value!;
        if (context.Request.Method == "PUT")
        {
            var bytes = new byte[(int)context.Request.ContentLength!.Value];
            await context.Request.Body.ReadExactlyAsync(bytes, context.RequestAborted);
            Interlocked.Add(ref _in, bytes.Length);
            _objects[name] = bytes;
        }
        else if (!_objects.TryGetValue(name, out var bytes))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
        else
        {
            await SendAsync(context, bytes);
        }
    }

    private static async Task SendAsync(HttpContext context, byte[] bytes)
    {
        var range = context.Request.GetTypedHeaders().Range?.Ranges.FirstOrDefault();
        var from = range?.From ?? 0;
        var to = Math.Min(range?.To ?? (bytes.Length - 1), bytes.Length - 1);
        context.Response.ContentLength = to + 1 - from;
        if (range is not null)
        {
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = $"bytes {from}-{to}/{bytes.Length}";
        }

        await context.Response.Body.WriteAsync(bytes.AsMemory((int)from, (int)(to + 1 - from)), context.RequestAborted);
    }
}
