namespace PodExecutor.Agent.Transfers;

/// <summary>Three tries, as gitlab-runner's helper makes them.</summary>
internal static class Attempts
{
    public const int Count = 3;

    /// <summary>Longer than this a job is not held up, whatever the server asks for.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <param name="warn">Tells that there will be another try, and why.</param>
    /// <param name="tryOnce">Gets the failure before it, null at first.</param>
    /// <exception cref="TransferException">The last try's failure, or the first that another try cannot heal.</exception>
    public static async Task<T> RunAsync<T>(
        Action<string> warn, TimeProvider time, Func<TransferException?, CancellationToken, Task<T>> tryOnce, CancellationToken cancel)
    {
        TransferException? before = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await tryOnce(before, cancel);
            }
            catch (TransferException e) when (e.IsTransient && attempt < Count)
            {
                before = e;
            }

            var pause = Pause(attempt, before.RetryAfter);
            warn($"{before.Message} Retrying in {pause.TotalSeconds:0} s (try {attempt + 1} of {Count})...");
            await Task.Delay(pause, time, cancel);
        }
    }

    /// <summary>1 s after the first failure, 5 s after the second, or what the server asks for, up to a minute.</summary>
    /// <param name="attempt">The one that failed, from 1.</param>
    public static TimeSpan Pause(int attempt, TimeSpan? retryAfter)
    {
        var own = TimeSpan.FromSeconds(attempt == 1 ? 1 : 5);
        return retryAfter is not { } asked || asked < own ? own : asked > LongestPause ? LongestPause : asked;
    }
}
