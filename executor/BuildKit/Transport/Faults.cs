using System.Net.Sockets;
using Grpc.Core;

namespace PodExecutor.BuildKit.Transport;

/// <summary>Tells a daemon's refusal from a connection that does not work.</summary>
internal static class Faults
{
    /// <summary>The status was made on this side, of an exception of the transport; or the daemon says that it is going away.</summary>
    public static bool IsTransport(RpcException error) => error.Status.DebugException is not null || error.StatusCode == StatusCode.Unavailable;

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
