using Google.Protobuf;
using Grpc.Core;

namespace PodExecutor.Agent.Builders.Forwarding;

/// <param name="Body">To send instead of the call's own; null: the call's own, unread.</param>
/// <param name="Refusal">Why nothing is sent; null: it is.</param>
internal sealed record CallVerdict(byte[]? Body, StatusCode Code, string? Refusal)
{
    public static CallVerdict Unread { get; } = new(null, StatusCode.OK, null);

    public static CallVerdict Send(IMessage message) => new(GatewayCall.Frame(message), StatusCode.OK, null);

    public static CallVerdict Refused(string why) => new(null, StatusCode.PermissionDenied, why);

    /// <summary>As the builder answers for a build that it does not know: clients ask again or go on without.</summary>
    public static CallVerdict NotOwn(string reference) => new(null, StatusCode.NotFound, $"no such job {reference}: this job has begun no build of that name on this builder.");
}
