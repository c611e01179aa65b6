using System.Formats.Tar;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace PodExecutor.Tests.Common;

/// <summary>An image pulled back from a registry, each blob checked against its digest.</summary>
internal sealed class RegistryImage : IDisposable
{
    private static readonly string[] ManifestTypes =
    [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    ];

    private readonly HttpClient _http;

    private readonly string _base;

    private RegistryImage(HttpClient http, string address) => (_http, _base) = (http, address);

    /// <summary>The manifest's or index's own digest.</summary>
    public string Digest { get; private set; } = "";

    public JsonElement Manifest { get; private set; }

    /// <param name="reference">host:port/name:tag or …@sha256:…</param>
    public static async Task<RegistryImage> PullAsync(string reference, CancellationToken cancellation)
    {
        var slash = reference.IndexOf('/', StringComparison.Ordinal);
        var host = reference[..slash];
        var at = reference.IndexOf('@', StringComparison.Ordinal);
        var end = at >= 0 ? at : reference.LastIndexOf(':');
        var name = reference[(slash + 1)..end];
        var tls = host == Registries.WithTls;
        var address = tls ? "https://127.0.0.1:" + host.Split(':')[1] : "http://" + host;
        var image = new RegistryImage(Client(tls), $"{address}/v2/{name}/");
        if (host == Registries.WithTokens)
        {
            await image.LogInByTokenAsync(name, cancellation);
        }
        else if (host != Registries.Open)
        {
            image._http.DefaultRequestHeaders.Authorization = Basic();
        }

        var bytes = await image.GetAsync("manifests/" + reference[(end + 1)..], cancellation);
        image.Digest = DigestOf(bytes);
        image.Manifest = Json(bytes);
        return image;
    }

    /// <summary>The manifest of one platform of an index.</summary>
    public async Task<JsonElement> ManifestOfAsync(string platform, CancellationToken cancellation)
    {
        var descriptor = Manifest.GetProperty("manifests").EnumerateArray().Single(entry => PlatformOf(entry) == platform);
        return Json(await BlobAsync(descriptor, "manifests/", cancellation));
    }

    public async Task<JsonElement> ConfigAsync(CancellationToken cancellation, JsonElement? manifest = null) =>
        Json(await BlobAsync((manifest ?? Manifest).GetProperty("config"), "blobs/", cancellation));

    /// <summary>Paths of all layers with the contents of their files; folders end with a slash.</summary>
    public async Task<Dictionary<string, string>> FilesAsync(CancellationToken cancellation, JsonElement? manifest = null)
    {
        var files = new Dictionary<string, string>();
        foreach (var layer in (manifest ?? Manifest).GetProperty("layers").EnumerateArray())
        {
            var blob = await BlobAsync(layer, "blobs/", cancellation);
            await using var unpacked = new GZipStream(new MemoryStream(blob), CompressionMode.Decompress);
            await using var tar = new TarReader(unpacked);
            while (await tar.GetNextEntryAsync(copyData: true, cancellation) is { } entry)
            {
                using var reader = entry.DataStream is null ? null : new StreamReader(entry.DataStream);
                files[entry.Name] = reader is null ? entry.LinkName : await reader.ReadToEndAsync(cancellation);
            }
        }

        return files;
    }

    /// <summary>The statements that are attached to an index, by their predicate types.</summary>
    public async Task<Dictionary<string, JsonElement>> AttestationsAsync(CancellationToken cancellation) =>
        await StatementsAsync(await ManifestOfAsync("unknown/unknown", cancellation), cancellation);

    /// <summary>The statements of an attestation's manifest, by their predicate types.</summary>
    public async Task<Dictionary<string, JsonElement>> StatementsAsync(JsonElement attestation, CancellationToken cancellation)
    {
        var statements = new Dictionary<string, JsonElement>();
        foreach (var layer in attestation.GetProperty("layers").EnumerateArray())
        {
            statements[layer.GetProperty("annotations").GetProperty("in-toto.io/predicate-type").GetString()!] = Json(await BlobAsync(layer, "blobs/", cancellation));
        }

        return statements;
    }

    public static string PlatformOf(JsonElement descriptor)
    {
        var platform = descriptor.GetProperty("platform");
        return $"{platform.GetProperty("os").GetString()}/{platform.GetProperty("architecture").GetString()}";
    }

    public void Dispose() => _http.Dispose();

    private static HttpClient Client(bool tls)
    {
        var handler = new SocketsHttpHandler();
        if (tls)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(Registries.Authority);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        return new HttpClient(handler);
    }

    private static AuthenticationHeaderValue Basic() =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Registries.User}:{Registries.Password}")));

    private async Task LogInByTokenAsync(string name, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:15004/token?service=registry&scope=repository:{name}:pull") { Headers = { Authorization = Basic() } };
        using var response = await _http.SendAsync(request, cancellation);
        using var json = JsonDocument.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancellation));
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", json.RootElement.GetProperty("token").GetString());
    }

    private async Task<byte[]> BlobAsync(JsonElement descriptor, string kind, CancellationToken cancellation)
    {
        var digest = descriptor.GetProperty("digest").GetString()!;
        var bytes = await GetAsync(kind + digest, cancellation);
        Assert.Equal(digest, DigestOf(bytes));
        Assert.Equal(descriptor.GetProperty("size").GetInt64(), bytes.Length);
        return bytes;
    }

    private async Task<byte[]> GetAsync(string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _base + path);
        foreach (var type in ManifestTypes)
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        }

        using var response = await _http.SendAsync(request, cancellation);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode}");
        return await response.Content.ReadAsByteArrayAsync(cancellation);
    }

    private static string DigestOf(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static JsonElement Json(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        return document.RootElement.Clone();
    }
}
