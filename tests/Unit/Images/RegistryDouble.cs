using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Tests.Unit.Artifacts;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>A registry on loopback that keeps what is sent to it. <see cref="Before"/> may answer in its place.</summary>
internal sealed class RegistryDouble : IAsyncDisposable
{
    private CoordinatorDouble _server = null!;

    /// <summary>"path@sha256:…" or "path:tag" to content.</summary>
    public ConcurrentDictionary<string, byte[]> Content { get; } = new(StringComparer.Ordinal);

    /// <summary>"METHOD path?query" of all but the first knock.</summary>
    public IEnumerable<string> Requests => _server.Requests.Where(r => r.Path != "/v2/").Select(r => $"{r.Method} {r.Path}{r.Query}");

    /// <returns>Whether it has answered.</returns>
    public Func<HttpContext, bool> Before { get; set; } = _ => false;

    public string Host => new Uri(_server.Url).Authority;

    public static async Task<RegistryDouble> StartAsync()
    {
        var registry = new RegistryDouble();
        registry._server = await CoordinatorDouble.StartAsync((context, _) => registry.Before(context) ? Task.CompletedTask : registry.AnswerAsync(context));
        return registry;
    }

    public static string DigestOf(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>An image of one layer for each text.</summary>
    public Manifest Image(string path, params string[] layers)
    {
        var config = Blob(path, $"{{\"os\":\"linux\",\"architecture\":\"{(layers.Contains("arm") ? "arm64" : "amd64")}\",\"created\":\"2026-01-02T03:04:05Z\",\"config\":{{\"Labels\":{{\"of\":\"{layers[0]}\"}}}},\"of\":\"{string.Concat(layers)}\"}}");
        var named = layers.Select(l => Json("application/vnd.oci.image.layer.v1.tar+gzip", Blob(path, l)));
        return Manifest(path, $"{{\"schemaVersion\":2,\"mediaType\":\"{Agent.Images.Registries.Manifest.OciManifest}\",\"config\":{Json("application/vnd.oci.image.config.v1+json", config)},\"layers\":[{string.Join(',', named)}]}}");
    }

    public Manifest Index(string path, params (Manifest Image, string Platform)[] images)
    {
        var named = images.Select(i => $"{{\"mediaType\":\"{i.Image.MediaType}\",\"digest\":\"{i.Image.Digest}\",\"size\":{i.Image.Content.Length},\"platform\":{{\"os\":\"{i.Platform.Split('/')[0]}\",\"architecture\":\"{i.Platform.Split('/')[1]}\"}}}}");
        return Manifest(path, $"{{\"schemaVersion\":2,\"mediaType\":\"{Agent.Images.Registries.Manifest.OciIndex}\",\"manifests\":[{string.Join(',', named)}]}}");
    }

    public Manifest Manifest(string path, string content)
    {
        var manifest = Agent.Images.Registries.Manifest.Of(null, Encoding.UTF8.GetBytes(content));
        Content[$"{path}@{manifest.Digest}"] = manifest.Content;
        return manifest;
    }

    public byte[] Blob(string path, string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        Content[$"{path}@{DigestOf(bytes)}"] = bytes;
        return bytes;
    }

    /// <summary>A descriptor.</summary>
    public static string Json(string type, byte[] content) => $"{{\"mediaType\":\"{type}\",\"digest\":\"{DigestOf(content)}\",\"size\":{content.Length}}}";

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value!);
        if (path == "/v2/")
        {
            return Task.CompletedTask;
        }

        var kind = path.Contains("/blobs/uploads/", StringComparison.Ordinal) ? "/blobs/uploads/" : path.Contains("/blobs/", StringComparison.Ordinal) ? "/blobs/" : "/manifests/";
        var at = path.LastIndexOf(kind, StringComparison.Ordinal);
        var (repository, reference) = (path["/v2/".Length..at], path[(at + kind.Length)..]);
        return (method, kind) switch
        {
            ("POST", _) => BeginAsync(context, repository),
            ("PUT", "/blobs/uploads/") => KeepAsync(context, $"{repository}@{context.Request.Query["digest"]}"),
            ("PUT", _) => KeepAsync(context, reference.StartsWith("sha256:", StringComparison.Ordinal) ? $"{repository}@{reference}" : $"{repository}:{reference}"),
            _ => GiveAsync(context, Content.GetValueOrDefault($"{repository}@{reference}") ?? Content.GetValueOrDefault($"{repository}:{reference}")),
        };
    }

    private Task BeginAsync(HttpContext context, string repository)
    {
        string digest = context.Request.Query["mount"]!, from = context.Request.Query["from"]!;
        if (digest is not null && Content.TryGetValue($"{from}@{digest}", out var content))
        {
            Content[$"{repository}@{digest}"] = content;
            context.Response.StatusCode = 201;
            return Task.CompletedTask;
        }

        context.Response.StatusCode = 202;
        context.Response.Headers.Location = $"/v2/{repository}/blobs/uploads/session?state=1";
        return Task.CompletedTask;
    }

    private async Task KeepAsync(HttpContext context, string name)
    {
        using var content = new MemoryStream();
        await context.Request.Body.CopyToAsync(content, context.RequestAborted);
        Content[name] = content.ToArray();
        context.Response.StatusCode = 201;
    }

    private static Task GiveAsync(HttpContext context, byte[]? content)
    {
        context.Response.StatusCode = content is null ? 404 : 200;
        return content is null || context.Request.Method == "HEAD" ? Task.CompletedTask : context.Response.Body.WriteAsync(content, context.RequestAborted).AsTask();
    }
}
