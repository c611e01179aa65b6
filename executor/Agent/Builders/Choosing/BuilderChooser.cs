using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Choosing;

/// <param name="Chosen">Null if the build is refused.</param>
/// <param name="Direct">An address that the build dials itself, past the gateway.</param>
/// <param name="Split">Platforms that only several builders together have, one group for each of these.</param>
internal sealed record ChooserVerdict(BuilderConnection? Chosen, IReadOnlyList<string> Notes, RefusedBuilder? Refused = null, string? Direct = null, SplitBuild? Split = null);

/// <summary>
/// Chooses a builder for a build: the first in the build's own order that is there, has the platforms and has room. Waits while all are busy, and for a
/// while if none is there.
/// </summary>
internal sealed class BuilderChooser(IReadOnlyList<BuilderConnection> builders, BuildPolicy policy, TimeProvider time)
{
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AwayPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(30);

    /// <param name="tell">A line for the job log while it waits.</param>
    public async Task<ChooserVerdict> ChooseAsync(ChooseBuilder wish, Func<string, Task> tell, CancellationToken cancel)
    {
        if (policy.OtherBuilders && wish.Wanted.Contains("://", StringComparison.Ordinal) && !builders.Any(b => b.IsCalled(wish.Wanted)) && !wish.Failed.Contains(wish.Wanted))
        {
            return new ChooserVerdict(null, [], Direct: wish.Wanted);
        }

        var (candidates, notes) = Candidates(wish);
        if (candidates.Count == 0)
        {
            return Refuse($"No builder is left for this build: {string.Join(", ", wish.Failed)} went away while it ran.", away: true);
        }

        var begin = time.GetTimestamp();
        TimeSpan? told = null;
        while (true)
        {
            // The usual case asks one builder only.
            var first = await candidates[0].ProbeAsync(cancel);
            if (first.Away is null && candidates[0].HasAll(wish.Platforms) && HasRoom(candidates[0], first))
            {
                return new ChooserVerdict(candidates[0], notes);
            }

            var others = await Task.WhenAll(candidates.Skip(1).Select(async b => (Builder: b, State: await b.ProbeAsync(cancel))));
            List<(BuilderConnection Builder, BuilderState State)> states = [(candidates[0], first), .. others];
            var able = states.Where(s => s.State.Away is null).ToList();
            var fitting = able.Where(s => s.Builder.HasAll(wish.Platforms)).ToList();
            if (fitting.FirstOrDefault(s => HasRoom(s.Builder, s.State)) is { Builder: { } chosen })
            {
                return new ChooserVerdict(chosen, [.. notes, .. SpillOver(states, chosen)]);
            }

            var waited = time.GetElapsedTime(begin);
            var mayCome = waited <= AwayPatience && states.Exists(s => s.State.Away is not null && s.Builder.HasAll(wish.Platforms));
            var split = PlatformGroups.Of(wish.Platforms, [.. able.Select(s => s.Builder.Platforms)]);
            if (fitting.Count == 0 && wish.MaySplit && split is not null && !mayCome)
            {
                return new ChooserVerdict(null, notes, Split: split);
            }

            if (able.Count == states.Count && fitting.Count == 0)
            {
                return Refuse(NoPlatform(wish, able.Select(s => s.Builder), split is not null), away: wish.Failed.Count > 0);
            }

            if (fitting.Count == 0 && waited > AwayPatience)
            {
                return Refuse($"No builder is reached: {string.Join("; ", states.Select(s => $"{s.Builder.Builder.Name}: {s.State.Away ?? "lacks the platform"}"))}.", away: true);
            }

            if (told is null || waited - told > BetweenLines)
            {
                told = waited;
                await tell(Waiting(states, waited));
            }

            await Task.Delay(Round, time, cancel);
        }
    }

    private (IReadOnlyList<BuilderConnection> Candidates, IReadOnlyList<string> Notes) Candidates(ChooseBuilder wish)
    {
        var left = builders.Where(b => !wish.Failed.Contains(b.Builder.Name)).ToList();
        var order = Rendezvous.Order($"{policy.Project}\n{wish.Affinity}", left, b => b.Builder.Name);
        if (wish.Wanted.Length == 0)
        {
            return (order, []);
        }

        var wanted = order.Where(b => b.IsCalled(wish.Wanted)).ToList();
        if (wanted.Count > 0)
        {
            return (wanted, []);
        }

        // `buildx create` gives names that only its own state knows; an address is worth a word.
        return (order, wish.Wanted.Contains("://", StringComparison.Ordinal) ? [$"{wish.Wanted} is none of this runner's builders: the build goes to one of those that the operator has set up."] : []);
    }

    private static bool HasRoom(BuilderConnection builder, BuilderState state) => builder.Builder.MaxParallel == 0 || state.Active < builder.Builder.MaxParallel;

    private static IEnumerable<string> SpillOver(List<(BuilderConnection Builder, BuilderState State)> states, BuilderConnection chosen) =>
        states[0].Builder == chosen || (states[0].State.Away is null && HasRoom(states[0].Builder, states[0].State)) ? []
            : [$"Building on {chosen.Builder.Name}; {states[0].Builder.Builder.Name}, where this project's cache is warm, {(states[0].State.Away is { } away ? $"is not reached ({away})"
                : $"is busy ({states[0].State.Active} builds)")}."];

    private static string Waiting(IEnumerable<(BuilderConnection Builder, BuilderState State)> states, TimeSpan waited) =>
        $"Waiting for a builder{(waited > TimeSpan.FromSeconds(1) ? $" for {waited.TotalSeconds:0} s" : "")}: "
        + string.Join("; ", states.Select(s => s.State.Away is { } away ? $"{s.Builder.Builder.Name} is not reached ({away})" : $"{s.Builder.Builder.Name} runs {s.State.Active} of at most {s.Builder.Builder.MaxParallel} builds"));

    private static string NoPlatform(ChooseBuilder wish, IEnumerable<BuilderConnection> able, bool together) =>
        $"No builder {(wish.Failed.Count > 0 ? "is left that has" : "has")} all of {string.Join(", ", wish.Platforms)}. There are: {string.Join("; ", able.Select(b => $"{b.Builder.Name}: {string.Join(", ", b.Platforms)}"))}."
        + (wish.Failed.Count > 0 ? $" {string.Join(", ", wish.Failed)} went away while this build ran." : "")
        + (together ? " Together they have: an image that is pushed, or a folder, is made by several builders; an archive, or a build on one builder by name, is not." : "");

    private static ChooserVerdict Refuse(string why, bool away) => new(null, [], new RefusedBuilder { Why = why, Away = away });
}
