using System.Runtime.CompilerServices;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Pods;

/// <summary>Lets a failure count only after it has lasted for its grace. Nothing may happen meanwhile, so it adds ticks to the news.</summary>
internal sealed class LastingTrouble(TimeProvider time)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private string? _what;
    private long _since;

    /// <summary>The failure, if it counts by now.</summary>
    public Failure? Judge(Verdict verdict)
    {
        if (verdict.State != PodState.Failed)
        {
            _what = null;
            return null;
        }

        if (verdict.Failure!.What != _what)
        {
            (_what, _since) = (verdict.Failure.What, time.GetTimestamp());
        }

        return time.GetElapsedTime(_since) >= verdict.Grace ? verdict.Failure : null;
    }

    /// <summary>The news, with an empty one each second while a trouble is pending.</summary>
    public async IAsyncEnumerable<PodNews> WithTicksAsync(IAsyncEnumerable<PodNews> news, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await using var source = news.GetAsyncEnumerator(stop.Token);
        var next = source.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                if (_what is not null && await Task.WhenAny(next, Task.Delay(Tick, time, cancel)) != next)
                {
                    yield return new PodNews();
                    continue;
                }

                if (!await next)
                {
                    yield break;
                }

                yield return source.Current;
                next = source.MoveNextAsync().AsTask();
            }
        }
        finally
        {
            // An iterator must not be disposed of while a step of it runs.
            await stop.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
