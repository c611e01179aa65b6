namespace PodExecutor.Tests.Common;

/// <summary>For what happens in another process, which does not tell: asks again and again until it is so, or fails the test.</summary>
internal static class Until
{
    /// <summary>Far beyond what anything takes here: a machine that is busy with something else fails no test.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>A question may be a process or a request; without a pace, ten waiters keep the machine from what they wait for.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    public static Task TrueAsync(Func<bool> condition, string what = "the condition") => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        using var pace = new PeriodicTimer(Pace);
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, $"Waited {Patience.TotalSeconds} s in vain for: {what}");
            await pace.WaitForNextTickAsync();
        }
    }
}
