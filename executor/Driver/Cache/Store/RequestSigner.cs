using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Cache.Store;

/// <summary>A request that anybody can make until it expires, and nobody can change.</summary>
/// <param name="Headers">To be sent along: they are signed.</param>
internal sealed record SignedRequest(string Method, string Url, IReadOnlyDictionary<string, string> Headers, DateTimeOffset Expires);

/// <summary>
/// Signs requests in their URL (AWS Signature Version 4, "Authenticating Requests: Using Query Parameters"). Own code because the
/// Minio SDK signs no header: a grant must be bound to its content's digest (docs/adr/0020).
/// </summary>
internal sealed class RequestSigner(StoreAddress address, StoreLogin login, TimeProvider time)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string Unsigned = "UNSIGNED-PAYLOAD";
    public const string DigestHeader = "x-amz-content-sha256";

    /// <param name="name">The object; empty: the bucket.</param>
    /// <param name="lifetime">A second to seven days.</param>
    /// <param name="headers">Lower-case names. With x-amz-content-sha256 among them the server accepts that content only.</param>
    /// <param name="query">What is asked of the bucket.</param>
    public SignedRequest Sign(
        HttpMethod method, string name, TimeSpan lifetime, IReadOnlyDictionary<string, string> headers, IReadOnlyDictionary<string, string>? query = null)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var day = now.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        var moment = now.ToString("yyyyMMddTHHmmssZ", CultureInfo.InvariantCulture);
        var scope = $"{day}/{address.Region}/s3/aws4_request";
        var signed = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["host"] = address.Host };
        foreach (var (header, value) in headers)
        {
            signed[header] = value;
        }

        var names = string.Join(';', signed.Keys);
        var parameters = Parameters(moment, scope, lifetime, names, query);
        var path = address.PathOf(name);
        var canonical = string.Join('\n',
            [method.Method, path, parameters, .. signed.Select(h => $"{h.Key}:{h.Value.Trim()}"), "", names, headers.GetValueOrDefault(DigestHeader, Unsigned)]);
        var toSign = string.Join('\n', Algorithm, moment, scope, Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        var url = $"{address.Origin}{path}?{parameters}&X-Amz-Signature={Hex(Mac(Key(day), toSign))}";
        return new SignedRequest(method.Method, url, headers, time.GetUtcNow() + lifetime);
    }

    private string Parameters(string moment, string scope, TimeSpan lifetime, string names, IReadOnlyDictionary<string, string>? query)
    {
        var parameters = new SortedDictionary<string, string>(query?.ToDictionary() ?? [], StringComparer.Ordinal)
        {
            ["X-Amz-Algorithm"] = Algorithm,
            ["X-Amz-Credential"] = $"{login.AccessKey}/{scope}",
            ["X-Amz-Date"] = moment,
            ["X-Amz-Expires"] = ((long)lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture),
            ["X-Amz-SignedHeaders"] = names,
        };
        if (!string.IsNullOrEmpty(login.SessionToken))
        {
            parameters["X-Amz-Security-Token"] = login.SessionToken;
        }

        return string.Join('&', parameters.Select(p => $"{StoreAddress.Encode(p.Key)}={StoreAddress.Encode(p.Value)}"));
    }

    private byte[] Key(string day) =>
        Mac(Mac(Mac(Mac(Encoding.UTF8.GetBytes("AWS4" + login.SecretKey), day), address.Region), "s3"), "aws4_request");

    private static byte[] Mac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
