using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cache.Store;

/// <param name="Size">Bytes.</param>
/// <param name="Modified">Whole seconds where it was looked at by itself.</param>
/// <param name="Tag">Another one for another content.</param>
internal sealed record StoredObject(string Name, long Size, DateTimeOffset Modified, string Tag = "");

/// <summary>
/// The bucket, by signed requests of our own: what S3's simplest operations need, and nothing of an SDK (docs/adr/0020). Each call is
/// retried within the budget, and fails with <see cref="StoreException"/>.
/// </summary>
internal sealed class S3Store : IDisposable
{
    /// <summary>For requests that we make ourselves, at once; also covers clocks that differ a little.</summary>
    private static readonly TimeSpan OwnLifetime = TimeSpan.FromMinutes(5);

    private static readonly Dictionary<string, string> NoHeaders = [];

    private readonly CacheOptions _options;
    private readonly HttpClient _http;
    private readonly RequestSigner _signer;
    private readonly Retry _retry;

    public S3Store(CacheOptions options, StoreLogin login, TimeProvider time)
    {
        _options = options;
        Address = StoreAddress.Of(options.S3);
        _http = StoreConnection.Open(options, time);
        _signer = new RequestSigner(Address, login, time);
        _retry = new Retry(options.RetryBudget, time);
    }

    public StoreAddress Address { get; }

    /// <summary>A presigned request for the pod.</summary>
    /// <param name="digest">For PUT: the SHA-256 of the only content that may be written, in hex.</param>
    public SignedRequest Grant(HttpMethod method, string name, string? digest = null)
    {
        var headers = method == HttpMethod.Put ? EncryptionHeaders() : [];
        if (digest is not null)
        {
            headers[RequestSigner.DigestHeader] = digest;
        }

        return _signer.Sign(method, name, _options.GrantLifetime, headers);
    }

    /// <returns>Null if there is no such object, or if it is longer than <paramref name="limit"/> bytes.</returns>
    public Task<byte[]?> ReadAsync(string name, long limit, CancellationToken cancel) => _retry.RunAsync(
        async token =>
        {
            using var response = await SendAsync(HttpMethod.Get, name, NoHeaders, null, token);
            return response.StatusCode == HttpStatusCode.NotFound || response.Content.Headers.ContentLength > limit
                ? null
                : await response.Content.ReadAsByteArrayAsync(token);
        },
        cancel);

    public Task WriteAsync(string name, byte[] content, CancellationToken cancel) => _retry.RunAsync(
        async token =>
        {
            var headers = EncryptionHeaders();
            headers[RequestSigner.DigestHeader] = Convert.ToHexStringLower(SHA256.HashData(content));
            using var response = await SendAsync(HttpMethod.Put, name, headers, content, token);
            return Expect(response, name);
        },
        cancel);

    /// <summary>Makes the object young again: a copy onto itself, within the store.</summary>
    /// <returns>False if it is gone.</returns>
    public Task<bool> RefreshAsync(string name, CancellationToken cancel) => _retry.RunAsync(
        async token =>
        {
            var headers = EncryptionHeaders();
            headers["x-amz-copy-source"] = $"/{Address.Bucket}/{string.Join('/', name.Split('/').Select(StoreAddress.Encode))}";
            headers["x-amz-metadata-directive"] = "REPLACE";
            headers["x-amz-meta-used"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            using var response = await SendAsync(HttpMethod.Put, name, headers, [], token);
            return response.StatusCode != HttpStatusCode.NotFound;
        },
        cancel);

    /// <returns>Null if there is no such object.</returns>
    public Task<StoredObject?> LookAsync(string name, CancellationToken cancel) => _retry.RunAsync(
        async token =>
        {
            using var response = await SendAsync(HttpMethod.Head, name, NoHeaders, null, token);
            return response.StatusCode == HttpStatusCode.NotFound ? null : new StoredObject(
                name,
                response.Content.Headers.ContentLength ?? 0,
                response.Content.Headers.LastModified ?? DateTimeOffset.UnixEpoch,
                (response.Headers.ETag?.Tag ?? "").Trim('"'));
        },
        cancel);

    /// <summary>Everything below the prefix, or nothing: a page that does not come fails the listing.</summary>
    public async Task<IReadOnlyList<StoredObject>> ListAsync(string prefix, CancellationToken cancel)
    {
        var all = new List<StoredObject>();
        string? next = null;
        do
        {
            var query = new Dictionary<string, string> { ["list-type"] = "2", ["prefix"] = prefix };
            if (next is not null)
            {
                query["continuation-token"] = next;
            }

            var page = await _retry.RunAsync(async token => ListPage.Parse(await ReadPageAsync(query, token)), cancel);
            all.AddRange(page.Objects);
            next = page.Next;
        }
        while (next is not null);
        return all;
    }

    public Task RemoveAsync(string name, CancellationToken cancel) => _retry.RunAsync(
        async token =>
        {
            using var response = await SendAsync(HttpMethod.Delete, name, NoHeaders, null, token);
            return true;
        },
        cancel);

    /// <summary>Whether the bucket is there and the login may use it.</summary>
    /// <exception cref="StoreException">Says what is wrong.</exception>
    public Task CheckAsync(CancellationToken cancel) => ListAsync("pod-executor-doctor/", cancel);

    public void Dispose() => _http.Dispose();

    private async Task<string> ReadPageAsync(Dictionary<string, string> query, CancellationToken cancel)
    {
        using var response = await SendAsync(HttpMethod.Get, "", NoHeaders, null, cancel, query);
        return Expect(response, "the listing") ? await response.Content.ReadAsStringAsync(cancel) : "";
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string name, Dictionary<string, string> headers, byte[]? content, CancellationToken cancel, Dictionary<string, string>? query = null)
    {
        var signed = _signer.Sign(method, name, OwnLifetime, headers, query);
        using var request = new HttpRequestMessage(method, signed.Url);
        if (content is not null)
        {
            request.Content = new ByteArrayContent(content);
        }

        foreach (var (header, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        return await _http.SendAsync(request, cancel);
    }

    private static bool Expect(HttpResponseMessage response, string name) => response.IsSuccessStatusCode
        ? true
        : throw new StoreException($"the cache's store does not do this for {name}: {(int)response.StatusCode}", isTransient: false);

    private Dictionary<string, string> EncryptionHeaders()
    {
        var headers = new Dictionary<string, string>();
        if (_options.S3.Encryption != ServerSideEncryption.None)
        {
            headers["x-amz-server-side-encryption"] = _options.S3.Encryption == ServerSideEncryption.Kms ? "aws:kms" : "AES256";
            if (_options.S3 is { Encryption: ServerSideEncryption.Kms, EncryptionKeyId: { Length: > 0 } key })
            {
                headers["x-amz-server-side-encryption-aws-kms-key-id"] = key;
            }
        }

        return headers;
    }
}
