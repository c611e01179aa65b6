using System.Globalization;
using System.Net;
using System.Security.Authentication;
using System.Xml;
using System.Xml.Linq;

namespace PodExecutor.Driver.Cache.Store;

/// <summary>
/// Under all requests to the store: gives each its time, and turns what the store or the network does wrong into
/// <see cref="StoreException"/>. What is left for the caller is success and "there is no such object".
/// </summary>
internal sealed class StoreHandler(HttpMessageHandler inner, string server, TimeSpan patience, TimeProvider time) : DelegatingHandler(inner)
{
    /// <summary>S3 refuses a request whose clock is off by more; ours and the store's are then the trouble, not the login.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    /// <summary>Bytes; manifests are the longest that we read (executor/Cache, ManifestLimits).</summary>
    private const long LongestAnswer = 64 * 1024 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, either.Token);

            // All of it within the time: a trickle is no answer.
            await response.Content.LoadIntoBufferAsync(LongestAnswer, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StoreException($"the cache's store {server} does not answer within {patience.TotalSeconds:0} s", isTransient: true, inner: e);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException untrusted)
        {
            throw new StoreException(
                $"the cache's store {server} is not trusted: {untrusted.Message.TrimEnd('.')}. Name the file of the authority that signed its certificate in cache.s3.ca_file.", isTransient: false, inner: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new StoreException($"the cache's store {server} cannot be reached: {e.InnerException?.Message ?? e.Message}", isTransient: true, inner: e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        var (code, message) = await ReadErrorAsync(response, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound && code != "NoSuchBucket")
        {
            return response;
        }

        using (response)
        {
            throw Refused(response, code, message);
        }
    }

    private StoreException Refused(HttpResponseMessage response, string code, string message)
    {
        var status = (int)response.StatusCode;
        var clocks = response.Headers.Date is { } theirs && (theirs - time.GetUtcNow()).Duration() > ClockTolerance
            ? string.Create(CultureInfo.InvariantCulture, $"; its clock and ours differ by {(theirs - time.GetUtcNow()).Duration().TotalMinutes:0} minutes")
            : "";
        var text = code == "NoSuchBucket"
            ? $"the cache's store {server} has no such bucket: make it, or correct cache.s3.bucket_name"
            : $"the cache's store {server} answers {status} {code}{(message.Length > 0 ? $" ({message})" : "")}{clocks}";
        var wait = response.Headers.RetryAfter?.Delta ?? (response.Headers.RetryAfter?.Date - time.GetUtcNow());
        return new StoreException(text, status is 429 or >= 500, wait);
    }

    /// <summary>S3's error document; a HEAD has none.</summary>
    private static async Task<(string Code, string Message)> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            var error = XDocument.Parse(await response.Content.ReadAsStringAsync(cancel)).Root;
            string Text(string name) => error?.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value ?? "";
            return (Text("Code"), Text("Message"));
        }
        catch (XmlException)
        {
            return (response.ReasonPhrase ?? "", "");
        }
    }
}
