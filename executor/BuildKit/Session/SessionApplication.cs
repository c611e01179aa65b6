using System.Globalization;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace PodExecutor.BuildKit.Session;

/// <summary>Finds the service for each call of the daemon, and turns its end into a gRPC status.</summary>
internal sealed class SessionApplication(IReadOnlyDictionary<string, SessionHandler> handlers, SessionFailures failures, CancellationToken sessionEnd)
    : IHttpApplication<IFeatureCollection>
{
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = 200;
        response.Headers.ContentType = "application/grpc";
        using var call = new SessionCall(context, sessionEnd);
        var (code, message) = await ServeAsync(call).ConfigureAwait(false);
        var trailers = context.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        trailers["grpc-status"] = ((int)code).ToString(CultureInfo.InvariantCulture);
        if (message.Length > 0)
        {
            trailers["grpc-message"] = Escape(message);
        }

        if (code != StatusCode.OK && !call.Cancelled.IsCancellationRequested)
        {
            // A daemon that still sends would never read the status of a call that is over.
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().CompleteAsync().ConfigureAwait(false);
        }
    }

    private async Task<(StatusCode Code, string Message)> ServeAsync(SessionCall call)
    {
        if (!handlers.TryGetValue(call.Path, out var handler))
        {
            return (StatusCode.Unimplemented, $"this client has no {call.Path}");
        }

        try
        {
            await handler(call).ConfigureAwait(false);
            return (StatusCode.OK, "");
        }
        catch (SessionFault fault)
        {
            return (fault.Code, fault.Message);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // The daemon has gone, or does not want the answer any more. Files of this machine have exceptions of their own.
            return (StatusCode.Cancelled, "the call was given up");
        }
        catch (BuildKitException error)
        {
            // The daemon would only tell its own words for this; the build's caller gets ours.
            failures.Add(error);
            return (StatusCode.Unknown, error.Message);
        }
        catch (Exception error)
        {
            failures.Add(new SessionLostException($"Serving {call.Path} to the daemon failed: {error.Message}", error));
            return (StatusCode.Internal, error.Message);
        }
    }

    /// <summary>gRPC's percent-encoding of a status message.</summary>
    private static string Escape(string message)
    {
        var text = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(message))
        {
            _ = b is >= 0x20 and <= 0x7e and not (byte)'%' ? text.Append((char)b) : text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}

/// <summary>Serves one call to its end. A <see cref="SessionFault"/> becomes the call's status.</summary>
internal delegate Task SessionHandler(SessionCall call);
