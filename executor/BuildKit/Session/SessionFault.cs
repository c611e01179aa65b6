using Grpc.Core;

namespace PodExecutor.BuildKit.Session;

/// <summary>What a service answers to the daemon instead of a result. Its text is read there and must hold no secret.</summary>
#pragma warning disable CA1064 // it never leaves the session's own dispatcher
internal sealed class SessionFault(StatusCode code, string message) : Exception(message)
{
    public StatusCode Code { get; } = code;
}
#pragma warning restore CA1064
