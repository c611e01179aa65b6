using System.Collections.Concurrent;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>The memory that frames in flight may take: whoever wants more waits.</summary>
/// <param name="length">Bytes of the largest frame.</param>
internal sealed class FrameBuffers(int length, int count) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count);
    private readonly ConcurrentBag<byte[]> _unused = [];

    public async ValueTask<byte[]> RentAsync(CancellationToken cancel)
    {
        await _free.WaitAsync(cancel);
        return _unused.TryTake(out var used) ? used : GC.AllocateUninitializedArray<byte>(length);
    }

    public void Return(byte[] buffer)
    {
        _unused.Add(buffer);
        _free.Release();
    }

    public void Dispose() => _free.Dispose();
}
