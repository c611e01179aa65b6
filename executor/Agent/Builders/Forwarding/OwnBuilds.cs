namespace PodExecutor.Agent.Builders.Forwarding;

/// <summary>
/// The refs of this job's builds, with what they build. Whoever knows a ref may look at its build and act in its name, and BuildKit asks no further: so the gateway does.
/// </summary>
internal sealed class OwnBuilds(TimeProvider time)
{
    /// <summary>As long as the builder itself waits for a ref: clients send the build and the calls about it at once.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _builds = new(StringComparer.Ordinal);
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="image">Of <see cref="Policy.BuildIdentity"/>.</param>
    public void Add(string reference, string image)
    {
        TaskCompletionSource more;
        lock (_lock)
        {
            _builds[reference] = image;
            (more, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        more.SetResult();
    }

    public bool Has(string reference)
    {
        lock (_lock)
        {
            return _builds.ContainsKey(reference);
        }
    }

    /// <summary>Waits for the build if it is not there yet.</summary>
    /// <returns>What it builds; null: it is none of this job's.</returns>
    public async Task<string?> FindAsync(string reference, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_builds.TryGetValue(reference, out var image))
                {
                    return image;
                }

                more = _more.Task;
            }

            try
            {
                await more.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return null;
            }
        }
    }
}
