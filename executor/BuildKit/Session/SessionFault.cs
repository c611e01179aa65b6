using Grpc.Core;

namespace PodExecutor.BuildKit.Session;

/// <summary>What a service answers to the daemon instead of a result. Its text is read there and must hold no secret.</summary>
internal sealed class SessionFault(StatusCode code, string message) : Exception(message)
{
    public StatusCode Code { get; } = code;
}
