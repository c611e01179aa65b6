using System.Text;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cache.Store;

/// <summary>Where the objects of the bucket are.</summary>
/// <param name="Origin">Scheme, host, port.</param>
/// <param name="BucketPath">"" where the host's name has the bucket, else "/bucket".</param>
internal sealed record StoreAddress(string Origin, string Host, string BucketPath, string Bucket, string Region)
{
    public static StoreAddress Of(S3Options options)
    {
        var host = options.PathStyle ? options.ServerAddress : $"{options.BucketName}.{options.ServerAddress}";
        var scheme = options.Insecure ? "http" : "https";

        // A client leaves its scheme's own port out of the Host header, which is signed.
        host = host.EndsWith(options.Insecure ? ":80" : ":443", StringComparison.Ordinal) ? host[..host.LastIndexOf(':')] : host;
        return new StoreAddress($"{scheme}://{host}", host, options.PathStyle ? "/" + options.BucketName : "", options.BucketName, options.BucketLocation);
    }

    /// <summary>The path of an object's URL, encoded as signatures ask for it.</summary>
    public string PathOf(string name) => $"{BucketPath}/{string.Join('/', name.Split('/').Select(Encode))}";

    /// <summary>RFC 3986: everything but letters, digits and -._~ as %XX of its UTF-8.</summary>
    public static string Encode(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            var c = (char)b;
            _ = char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~' ? result.Append(c) : result.Append('%').Append(b.ToString("X2", null));
        }

        return result.ToString();
    }
}
