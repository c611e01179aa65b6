namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>For what another process does without telling: asks again and again until it is so, or fails the test.</summary>
internal static class Until
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, $"Waited {Patience.TotalSeconds} s in vain for: {what}");
            await Task.Yield();
        }
    }
}
