namespace PodExecutor.Agent.Supervisor;

/// <summary>The time for which one driver's connection is the one that is served.</summary>
internal sealed class LinkTurn(CancellationToken cancellationToken) : IDisposable
{
    private readonly CancellationTokenSource _over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private bool _disposed;

    public CancellationToken Token => _over.Token;

    public Task Ended => _ended.Task;

    /// <summary>Ends the turn and waits until its session has let go of the run.</summary>
    public Task EndAsync()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _over.Cancel();
            }
        }

        return Ended;
    }

    public void Complete() => _ended.TrySetResult();

    public void Dispose()
    {
        Complete();
        lock (_lock)
        {
            _disposed = true;
            _over.Dispose();
        }
    }
}
