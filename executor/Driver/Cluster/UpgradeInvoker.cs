using System.Net;
using System.Net.Http.Headers;
using k8s;

namespace PodExecutor.Driver.Cluster;

/// <summary>
/// Opens a WebSocket over the API client's own connection and credentials, and keeps what the server said if it refused:
/// ClientWebSocket itself would lose the Status.
/// </summary>
internal sealed class UpgradeInvoker(Kubernetes kubernetes) : HttpMessageInvoker(new Unused(), disposeHandler: true)
{
    public (HttpStatusCode Status, string Body, RetryConditionHeaderValue? RetryAfter)? Refusal { get; private set; }

    public override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (kubernetes.Credentials is { } credentials)
        {
            await credentials.ProcessHttpRequestAsync(request, cancellationToken);
        }

        var response = await kubernetes.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
        {
            Refusal = (response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken), response.Headers.RetryAfter);
        }

        return response;
    }

    private sealed class Unused : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("The API client's own handler sends the request.");
    }
}
