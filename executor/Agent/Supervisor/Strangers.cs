namespace PodExecutor.Agent.Supervisor;

/// <summary>Connections that have proved nothing yet: at most a few, the oldest gives way.</summary>
/// <param name="limit">At most so many at once.</param>
internal sealed class Strangers(int limit)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<CancellationTokenSource> _waiting = new();

    /// <summary>Takes a place until disposal; <paramref name="over"/> is canceled when the place is needed for another one.</summary>
    public IDisposable Admit(CancellationTokenSource over)
    {
        CancellationTokenSource? oldest = null;
        LinkedListNode<CancellationTokenSource> place;
        lock (_lock)
        {
            place = _waiting.AddLast(over);
            if (_waiting.Count > limit)
            {
                oldest = _waiting.First!.Value;
                _waiting.RemoveFirst();

                // Within the lock: outside of it, its owner may have disposed of it.
                oldest.CancelAfter(TimeSpan.Zero);
            }
        }

        return new Place(this, place);
    }

    private void Leave(LinkedListNode<CancellationTokenSource> place)
    {
        lock (_lock)
        {
            if (place.List is not null)
            {
                _waiting.Remove(place);
            }
        }
    }

    private sealed class Place(Strangers strangers, LinkedListNode<CancellationTokenSource> place) : IDisposable
    {
        public void Dispose() => strangers.Leave(place);
    }
}
