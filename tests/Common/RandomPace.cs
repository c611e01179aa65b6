namespace PodExecutor.Tests.Common;

/// <summary>Delays a reader by 0 to 3 ms, each time anew: a runner that is busy with other jobs.</summary>
internal sealed class RandomPace(int seed)
{
    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();

    public async ValueTask WaitAsync()
    {
        int milliseconds;
        lock (_gate)
        {
            milliseconds = _random.Next(4);
        }

        await Task.Delay(milliseconds);
    }
}
