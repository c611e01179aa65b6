namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>The system's clock, wrong by so much; timers run as ever.</summary>
internal sealed class ShiftedClock(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
}
