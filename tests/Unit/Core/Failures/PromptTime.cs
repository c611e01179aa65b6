namespace PodExecutor.Tests.Unit.Core.Failures;

/// <summary>Waits up to <paramref name="longest"/> end at once and move the clock by what they were to last; longer ones end when the clock gets there.</summary>
internal sealed class PromptTime(TimeSpan longest) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<PromptTimer> _pending = [];
    private readonly List<TimeSpan> _waits = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public TimeSpan Now
    {
        get
        {
            lock (_gate)
            {
                return _now;
            }
        }
    }

    /// <summary>The waits that ended at once.</summary>
    public IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (_gate)
            {
                return [.. _waits];
            }
        }
    }

    public override long GetTimestamp() => Now.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new PromptTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        List<PromptTimer> due;
        lock (_gate)
        {
            _now += by;
            due = [.. _pending.Where(t => t.Due <= _now).OrderBy(t => t.Due)];
            _pending.RemoveAll(due.Contains);
        }

        // Elsewhere: whoever creates a timer may not be ready for its end yet.
        due.ForEach(t => ThreadPool.QueueUserWorkItem(_ => t.Fire()));
    }

    /// <summary>True if something waits that was set to last so long.</summary>
    public bool HasTimer(TimeSpan duration)
    {
        lock (_gate)
        {
            return _pending.Exists(t => t.Duration == duration);
        }
    }

    private void Set(PromptTimer timer, TimeSpan dueTime)
    {
        lock (_gate)
        {
            _pending.Remove(timer);
            if (dueTime < TimeSpan.Zero)
            {
                return;
            }

            (timer.Due, timer.Duration) = (_now + dueTime, dueTime);
            _pending.Add(timer);
            if (dueTime > longest)
            {
                return;
            }

            _waits.Add(dueTime);
        }

        Advance(dueTime);
    }

    private sealed class PromptTimer(PromptTime time, Action fire) : ITimer
    {
        public TimeSpan Due { get; set; }

        public TimeSpan Duration { get; set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time.Set(this, dueTime);
            return true;
        }

        public void Dispose() => time.Set(this, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
