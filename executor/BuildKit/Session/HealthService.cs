using PodExecutor.BuildKit.Wire.Session;

namespace PodExecutor.BuildKit.Session;

/// <summary>grpc.health.v1.Health: the daemon asks every five seconds and closes the session after two bad answers.</summary>
internal static class HealthService
{
    public static async Task CheckAsync(SessionCall call)
    {
        _ = await call.ReadAsync(HealthCheckRequest.Parser).ConfigureAwait(false);
        await call.SendAsync(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving }).ConfigureAwait(false);
    }
}
