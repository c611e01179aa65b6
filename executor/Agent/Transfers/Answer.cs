using System.Net;
using System.Text;

namespace PodExecutor.Agent.Transfers;

/// <summary>Makes typed failures of what a server answers, or does not.</summary>
internal static class Answer
{
    private const int MaxExplanation = 4096;

    public static string Status(HttpResponseMessage response) => $"{(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd();

    public static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500;

    public static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    /// <summary>The server's Retry-After in seconds or as a date; null if there is none.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow(),
        _ => null,
    };

    /// <summary>GitLab's or a registry's own words (<c>{"message":"…"}</c>) in parentheses and with a leading blank, or nothing.</summary>
    /// <param name="token">What must not be repeated; empty: nothing.</param>
    public static async Task<string> ExplanationAsync(HttpResponseMessage response, string token, CancellationToken cancel)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancel);
            var buffer = new byte[MaxExplanation];
            var count = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
            var text = Encoding.UTF8.GetString(buffer, 0, count);
            const string key = "\"message\":\"";
            var start = text.IndexOf(key, StringComparison.Ordinal) + key.Length;
            var end = start < key.Length ? -1 : text.IndexOf('"', start);
            return end > start ? $" ({(token.Length == 0 ? text[start..end] : text[start..end].Replace(token, "[MASKED]", StringComparison.Ordinal))})" : "";
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return "";
        }
    }

    /// <summary>What the network did instead of answering, as one that another try may heal.</summary>
    /// <param name="what">The sentence's begin: "Uploading artifacts to HOST".</param>
    public static TransferException Unreachable(string what, Exception e) =>
        new($"{what} failed: {Reason(e)}.", isTransient: true, e);

    private static string Reason(Exception e) => (e as HttpRequestException)?.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "the host's name is not known (DNS)",
        HttpRequestError.ConnectionError => "the host cannot be connected to",
        HttpRequestError.SecureConnectionError =>
            "no TLS connection: its certificate is not trusted (see the runner's tls-ca-file) or the connection was cut",
        HttpRequestError.ProxyTunnelError => "the proxy refuses the connection (see HTTPS_PROXY, NO_PROXY)",
        HttpRequestError.ResponseEnded => "the connection was cut before all had arrived",
        _ => "the connection was cut (" + e.GetBaseException().Message.TrimEnd('.') + ")",
    };
}
