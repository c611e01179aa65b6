using Polly;
using Polly.Retry;

namespace PodExecutor.Driver.Failures;

/// <summary>A failure that may pass by itself. Only this type is retried; nobody looks at message texts.</summary>
internal interface ITransient
{
    /// <summary>False where trying again cannot help.</summary>
    bool IsTransient { get; }

    /// <summary>How long the server asked us to wait, if it did.</summary>
    TimeSpan? RetryAfter { get; }
}

/// <summary>The one place that retries: exponential from 100 ms to 5 s with jitter, never before Retry-After, until the budget is used up.</summary>
internal sealed class Retry(TimeSpan budget, TimeProvider time)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    /// <summary>Runs the call until it succeeds, fails for good, or the budget since its last progress is used up.</summary>
    /// <param name="call">Its first argument is to be invoked when it got somewhere: the budget then starts anew.</param>
    /// <param name="onRetry">Told the failure and how long it has been lasting, before each new try.</param>
    public async Task<T> RunAsync<T>(
        Func<Action, CancellationToken, Task<T>> call, Func<Exception, TimeSpan, ValueTask>? onRetry, CancellationToken cancel)
    {
        var since = time.GetTimestamp();
        var tries = 0;
        void Progress() => (since, tries) = (time.GetTimestamp(), 0);
        var options = new RetryStrategyOptions
        {
            MaxRetryAttempts = int.MaxValue,
            ShouldHandle = args => ValueTask.FromResult(
                args.Outcome.Exception is ITransient { IsTransient: true } && time.GetElapsedTime(since) < budget),
            DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(Delay(tries++, args.Outcome.Exception as ITransient)),
            OnRetry = args => onRetry?.Invoke(args.Outcome.Exception!, time.GetElapsedTime(since)) ?? ValueTask.CompletedTask,
        };
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(options).Build();
        return await pipeline.ExecuteAsync(async token => await call(Progress, token), cancel);
    }

    public Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancel) =>
        RunAsync((_, token) => call(token), null, cancel);

    private static TimeSpan Delay(int tries, ITransient? failure)
    {
        var longest = Math.Min(LongestDelay.TotalMilliseconds, FirstDelay.TotalMilliseconds * Math.Pow(2, Math.Min(tries, 10)));
        var delay = TimeSpan.FromMilliseconds(longest * (0.5 + (Random.Shared.NextDouble() / 2)));
        return failure?.RetryAfter is { } asked && asked > delay ? asked : delay;
    }
}
