namespace PodExecutor.Bench.Measuring;

/// <summary>Ours, theirs, ours, theirs…: what else happens on the machine then hits both sides alike.</summary>
internal static class Alternating
{
    /// <summary>The first round warms caches and our own JIT up and does not count.</summary>
    public static async Task<IReadOnlyList<(TOurs Ours, TTheirs Theirs)>> RunAsync<TOurs, TTheirs>(
        string what, int samples, Func<Task<TOurs>> ours, Func<Task<TTheirs>> theirs, CancellationToken stop)
    {
        await Console.Error.WriteLineAsync($"# {what}: {samples} samples of each side");
        var result = new List<(TOurs, TTheirs)>();
        for (var round = 0; round <= samples; round++)
        {
            stop.ThrowIfCancellationRequested();
            var sample = (await ours(), await theirs());
            if (round > 0)
            {
                result.Add(sample);
            }
        }

        return result;
    }
}
