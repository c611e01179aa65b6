namespace PodExecutor.Agent.Builders.Choosing;

/// <summary>What a builder answered just now.</summary>
/// <param name="Away">Why it is not reached, or null.</param>
/// <param name="Active">Builds that run on it, of all jobs; 0 where it does not tell (before 0.11).</param>
internal sealed record BuilderState(string? Away, int Active = 0);
