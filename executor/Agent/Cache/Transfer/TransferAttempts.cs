using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Cache.Transfer;

/// <summary>Tries again while that may help, by the failure's type, and gives up after some tries in a row that got nowhere.</summary>
internal sealed class TransferAttempts(TransferOptions options, TimeProvider time)
{
    /// <summary>A new grant that is refused at once means that no grant will do.</summary>
    private const int GrantsInARow = 2;

    /// <param name="tryOnce">Gets true if the grant of before was refused, so that it must get a new one.</param>
    /// <exception cref="TransferException">The last failure.</exception>
    public async Task RunAsync(Func<bool, Task> tryOnce, CancellationToken cancel)
    {
        var failures = 0;
        var refusals = 0;
        var isRefused = false;
        while (true)
        {
            TransferException failure;
            try
            {
                await tryOnce(isRefused);
                return;
            }
            catch (TransferException e) when (e.IsTransient || e.IsGrantRefused)
            {
                failure = e;
            }

            isRefused = failure.IsGrantRefused;
            (failures, refusals) = failure.Moved >= options.ProgressBytes ? (1, 0) : (failures + 1, refusals + (isRefused ? 1 : 0));
            if (failures >= options.Tries || refusals > GrantsInARow)
            {
                throw failure;
            }

            if (!isRefused)
            {
                await Task.Delay(Pause(failures, failure.RetryAfter), time, cancel);
            }
        }
    }

    private TimeSpan Pause(int failures, TimeSpan? asked)
    {
        var own = options.FirstPause * Math.Pow(2, failures - 1) * (0.5 + (Random.Shared.NextDouble() / 2));
        var longer = asked > own ? asked.Value : own;
        return longer < options.LongestPause ? longer : options.LongestPause;
    }
}
