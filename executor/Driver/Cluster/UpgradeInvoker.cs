using System.Net;

namespace PodExecutor.Driver.Cluster;

/// <summary>
/// Opens a WebSocket over the API client's own connection and credentials, and keeps what the server said if it refused:
/// ClientWebSocket itself would lose the Status.
/// </summary>
internal sealed class UpgradeInvoker(ApiTransport transport) : HttpMessageInvoker(new Unused(), disposeHandler: true)
{
    public UpgradeRefusal? Refusal { get; private set; }

    public override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await transport.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
        {
            Refusal = new UpgradeRefusal(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken), response.Headers.RetryAfter?.Delta);
        }

        return response;
    }

    private sealed class Unused : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("The API client's own transport sends the request.");
    }
}

/// <summary>The server's answer to an upgrade that it does not make.</summary>
internal sealed record UpgradeRefusal(HttpStatusCode Status, string Body, TimeSpan? RetryAfter);
