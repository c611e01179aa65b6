using System.Net;
using System.Security.Authentication;
using Grpc.Core;
using Microsoft.Extensions.Primitives;
using PodExecutor.Agent.Builders.Choosing;
using PodExecutor.BuildKit.Transport;

namespace PodExecutor.Agent.Builders.Forwarding;

/// <summary>Passes one call to a builder and its answer back, header by header and byte by byte, in both directions at once.</summary>
internal static class CallForwarder
{
    /// <param name="body">Instead of the call's own.</param>
    public static async Task ForwardAsync(GatewayCall call, BuilderConnection builder, byte[]? body)
    {
        try
        {
            using var request = Request(call, builder, body);
            using var response = await builder.Forward.SendAsync(request, call.Aborted);
            await AnswerAsync(call, response);
        }
        catch (Exception e) when (Faults.IsReset(e))
        {
            // The builder is there: it could not end this call in another way. The client tells by its session if it is not.
            await call.EndAsync(StatusCode.Internal, Faults.Reset);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or AuthenticationException && !call.Aborted.IsCancellationRequested)
        {
            // Unavailable is what tells the client that the builder, not the build, is the trouble.
            await call.EndAsync(StatusCode.Unavailable, $"the builder {builder.Builder.Name} is not reached or has gone: {Innermost(e)}");
        }
        catch (OperationCanceledException)
        {
            // The job has gone or given the call up; the builder has been told by the cut stream.
        }
    }

    private static HttpRequestMessage Request(GatewayCall call, BuilderConnection builder, byte[]? body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(builder.Address, call.Path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body is null ? new StreamedContent(call.Request.Body, call.Aborted) : new ByteArrayContent(body),
        };
        foreach (var (name, values) in call.Request.Headers.Where(h => h.Key is not ("Host" or "Content-Length") && !h.Key.StartsWith(':')))
        {
            // The values stay apart here; the connection's own stream keeps them apart on the wire.
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return request;
    }

    private static async Task AnswerAsync(GatewayCall call, HttpResponseMessage response)
    {
        call.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated).Where(h => h.Key is not ("Transfer-Encoding" or "Content-Length")))
        {
            call.Response.Headers[name] = new StringValues([.. values]);
        }

        await call.Body.StartAsync(call.Aborted);
        await using (var body = await response.Content.ReadAsStreamAsync(call.Aborted))
        {
            var output = call.Body.Writer;
            while (true)
            {
                var count = await body.ReadAsync(output.GetMemory(16 * 1024), call.Aborted);
                if (count == 0)
                {
                    break;
                }

                output.Advance(count);
                await output.FlushAsync(call.Aborted);
            }
        }

        foreach (var (name, values) in response.TrailingHeaders.NonValidated)
        {
            call.Trailers.Trailers[name] = new StringValues([.. values]);
        }

        await call.Body.CompleteAsync();
    }

    private static string Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e.Message;
}
