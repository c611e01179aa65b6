namespace PodExecutor.Driver.Failures;

/// <summary>A failure that may pass by itself. Only this type is retried; nobody looks at message texts.</summary>
internal interface ITransient
{
    /// <summary>False where trying again cannot help.</summary>
    bool IsTransient { get; }

    /// <summary>How long the server asked us to wait, if it did.</summary>
    TimeSpan? RetryAfter { get; }
}

/// <summary>
/// The one place that retries: exponential from 100 ms to 5 s with jitter, never before Retry-After, until the budget is used up.
/// The budget starts with the first failure, not with the call: a watch that was quiet for an hour and is then cut has all of it.
/// </summary>
/// <param name="random">0 to 1; for tests.</param>
internal sealed class Retry(TimeSpan budget, TimeProvider time, Func<double>? random = null)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly Func<double> _random = random ?? Random.Shared.NextDouble;

    /// <summary>Runs the call until it succeeds, fails for good, or has been failing for the whole budget.</summary>
    /// <param name="call">Invokes its first argument when it gets somewhere: what failed before is then forgotten.</param>
    /// <param name="onRetry">Gets the failure and how long the call has been failing, before each new try.</param>
    public async Task<T> RunAsync<T>(
        Func<Action, CancellationToken, Task<T>> call, Func<Exception, TimeSpan, ValueTask>? onRetry, CancellationToken cancel)
    {
        long? failingSince = null;
        var tries = 0;
        void Progress() => (failingSince, tries) = (null, 0);
        while (true)
        {
            TimeSpan wait;
            try
            {
                cancel.ThrowIfCancellationRequested();
                return await call(Progress, cancel);
            }
            catch (Exception e) when (e is ITransient { IsTransient: true } failure && !cancel.IsCancellationRequested)
            {
                failingSince ??= time.GetTimestamp();
                var failing = time.GetElapsedTime(failingSince.Value);
                if (failing >= budget || failure.RetryAfter > budget - failing)
                {
                    throw;
                }

                wait = Delay(tries++, failure.RetryAfter, budget - failing);
                if (onRetry is not null)
                {
                    await onRetry(e, failing);
                }
            }

            await Task.Delay(wait, time, cancel);
        }
    }

    public Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancel) =>
        RunAsync((_, token) => call(token), null, cancel);

    /// <summary>
    /// The server tells all its clients the same Retry-After, so the jitter comes on top of it and grows with it. The last try is
    /// made when the budget ends.
    /// </summary>
    private TimeSpan Delay(int tries, TimeSpan? asked, TimeSpan left)
    {
        var backoff = Math.Min(LongestDelay.TotalMilliseconds, FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(tries, 10)));
        if (asked is not { } least || least <= TimeSpan.Zero)
        {
            var delay = TimeSpan.FromMilliseconds(backoff * (0.5 + (_random() / 2)));
            return delay < left ? delay : left;
        }

        return least + TimeSpan.FromMilliseconds(Math.Max(backoff, least.TotalMilliseconds / 2) * _random());
    }
}
