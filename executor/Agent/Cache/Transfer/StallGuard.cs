namespace PodExecutor.Agent.Cache.Transfer;

/// <summary>Ends a transfer that hardly moves: a connection that is dead, or one that brings a byte a second.</summary>
internal sealed class StallGuard : IDisposable
{
    private readonly CancellationTokenSource _stalled = new();
    private readonly CancellationTokenSource _either;
    private readonly ITimer _clock;
    private readonly TransferOptions _options;
    private long _moved;

    public StallGuard(TransferOptions options, TimeProvider time, CancellationToken cancel)
    {
        _options = options;
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stalled.Token);
        _clock = time.CreateTimer(_ => Look(), null, options.Window, options.Window);
    }

    public CancellationToken Token => _either.Token;

    public bool HasStalled => _stalled.IsCancellationRequested;

    /// <summary>Bytes since the guard began.</summary>
    public long Total { get; private set; }

    public void Moved(int bytes)
    {
        Total += bytes;
        Interlocked.Add(ref _moved, bytes);
    }

    public void Dispose()
    {
        _clock.Dispose();
        _either.Dispose();
        _stalled.Dispose();
    }

    private void Look()
    {
        if (Interlocked.Exchange(ref _moved, 0) < _options.LeastBytes)
        {
            try
            {
                _stalled.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended by itself.
            }
        }
    }
}
