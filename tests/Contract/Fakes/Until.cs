namespace PodExecutor.Tests.Contract.Fakes;

/// <summary>For what happens in another process: fails the test instead of hanging.</summary>
internal static class Until
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task TrueAsync(Func<bool> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, "What was waited for did not happen");
            await Task.Yield();
        }
    }
}
