using System.Net.Sockets;
using Grpc.Core;

namespace PodExecutor.BuildKit.Transport;

/// <summary>Tells a daemon's refusal from a connection that does not work.</summary>
internal static class Faults
{
    /// <summary>What is known of a call that <see cref="IsReset"/>.</summary>
    public const string Reset =
        "the builder broke its answer off (HTTP/2 INTERNAL_ERROR) and did not go away: it could not put into words why the build failed. Most often a text that is not UTF-8 stands in the Dockerfile: save it as UTF-8";

    /// <summary>HTTP/2's INTERNAL_ERROR.</summary>
    private const long InternalError = 2;

    /// <summary>The status was made on this side, of an exception of the transport; or the daemon says that it is going away.</summary>
    public static bool IsTransport(RpcException error) => error.Status.DebugException is { } cause ? !IsReset(cause) : error.StatusCode == StatusCode.Unavailable;

    /// <summary>
    /// The daemon ended this call without a status, and only this one: so it does where the status would not be valid UTF-8. If its connection broke as well, the session
    /// on it tells.
    /// </summary>
    public static bool IsReset(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is HttpProtocolException { ErrorCode: InternalError })
            {
                return true;
            }
        }

        return false;
    }

    public static DaemonUnreachableException Unreachable(BuildKitEndpoint endpoint, RpcException error) =>
        new(endpoint, Reason(error.Status.DebugException) ?? error.Status.Detail, error);

    /// <summary>The innermost exception says what happened: "Connection refused", "the remote certificate was rejected…".</summary>
    private static string? Reason(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is SocketException or System.Security.Authentication.AuthenticationException || error.InnerException is null)
            {
                return error.Message;
            }
        }

        return null;
    }
}
