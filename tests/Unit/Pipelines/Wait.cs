namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>For conditions outside this process, which nobody announces. Yields instead of sleeping, and fails instead of hanging.</summary>
internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task UntilAsync(Func<bool> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, "What was waited for did not happen");
            await Task.Yield();
        }
    }
}
