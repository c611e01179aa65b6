using System.Security.Cryptography;
using System.Threading.Channels;
using PodExecutor.Agent.Cache.Transfer;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>
/// Collects frames into packs and sends each pack as soon as it is full, while the next is filled. Memory is some packs, however large
/// the cache is: who brings frames waits while all are being sent.
/// </summary>
internal sealed class PackWriter : IAsyncDisposable
{
    /// <summary>Bytes as stored. Large enough that a request is not felt, small enough to hold some in memory.</summary>
    public const int PackSize = 16 << 20;

    private const int Buffers = 3;

    private readonly Channel<(StoredPack Pack, byte[] Bytes)> _full = Channel.CreateUnbounded<(StoredPack, byte[])>();
    private readonly SemaphoreSlim _free = new(Buffers);
    private readonly Stack<byte[]> _buffers = new();
    private readonly CancellationTokenSource _broken;
    private readonly PackStore _store;
    private readonly Task _sending;
    private readonly Lock _lock = new();
    private StoredPack _pack = new();
    private byte[]? _bytes;
    private long _sent;

    public PackWriter(PackStore store, CancellationToken cancel)
    {
        _store = store;
        _broken = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _sending = Task.WhenAll(Enumerable.Range(0, Buffers - 1).Select(_ => Task.Run(SendAsync, CancellationToken.None)));
    }

    /// <summary>Cancelled when a pack cannot be stored: more frames are then of no use.</summary>
    public CancellationToken Broken => _broken.Token;

    /// <summary>Bytes that went over the network.</summary>
    public long SentBytes => Interlocked.Read(ref _sent);

    /// <exception cref="OperationCanceledException">A pack cannot be stored.</exception>
    public StoredFrame Add(ReadOnlySpan<byte> frame, int contentLength)
    {
        var sha256 = SHA256.HashData(frame);
        lock (_lock)
        {
            if (_bytes is not null && _pack.Size + frame.Length > PackSize)
            {
                Seal();
            }

            _bytes ??= Rent();
            frame.CopyTo(_bytes.AsSpan((int)_pack.Size));
            var added = new StoredFrame(_pack, _pack.Size, frame.Length, contentLength, sha256);
            _pack.Size += frame.Length;
            return added;
        }
    }

    /// <summary>Sends the rest and waits for all.</summary>
    /// <exception cref="Transfers.TransferException">A pack cannot be stored.</exception>
    /// <exception cref="CacheRefusedException">The driver does not let it be stored.</exception>
    public async Task FinishAsync()
    {
        lock (_lock)
        {
            if (_bytes is not null)
            {
                Seal();
            }

            _full.Writer.TryComplete();
        }

        await _sending;
    }

    /// <summary>Whatever is still being sent is given up.</summary>
    public async ValueTask DisposeAsync()
    {
        await _broken.CancelAsync();
        _full.Writer.TryComplete();
        await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _free.Dispose();
        _broken.Dispose();
    }

    private void Seal()
    {
        _full.Writer.TryWrite((_pack, _bytes!));
        (_pack, _bytes) = (new StoredPack(), null);
    }

    private byte[] Rent()
    {
        _free.Wait(_broken.Token);
        lock (_buffers)
        {
            return _buffers.TryPop(out var used) ? used : GC.AllocateUninitializedArray<byte>(PackSize + FrameCompressor.Slack);
        }
    }

    private async Task SendAsync()
    {
        try
        {
            await foreach (var (pack, bytes) in _full.Reader.ReadAllAsync(_broken.Token))
            {
                var content = bytes.AsMemory(0, (int)pack.Size);
                pack.Sha256 = SHA256.HashData(content.Span);
                if (await _store.StoreAsync(pack.Name, content, _broken.Token))
                {
                    Interlocked.Add(ref _sent, pack.Size);
                }

                lock (_buffers)
                {
                    _buffers.Push(bytes);
                }

                _free.Release();
            }
        }
        catch
        {
            await _broken.CancelAsync();
            throw;
        }
    }
}
