namespace PodExecutor.Tests.BuildKitClient.Fixtures;

internal static class Wait
{
    /// <exception cref="OperationCanceledException">Always, when the token says so.</exception>
    public static async Task ForCancellationAsync(CancellationToken cancellation)
    {
        var never = new TaskCompletionSource();
        await using var registration = cancellation.Register(() => never.TrySetCanceled(cancellation));
        await never.Task;
    }
}
