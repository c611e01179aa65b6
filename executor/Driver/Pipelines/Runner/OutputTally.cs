using System.Security.Cryptography;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>Copies one pipe to the job log and keeps count, digest and beginning of it, in constant memory.</summary>
internal sealed class OutputTally : IDisposable
{
    private const int HeadSize = 256 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream _head = new();
    private readonly Lock _gate = new();
    private long _bytes;

    /// <summary>Until the end of the pipe: not only the child but everything that inherited it must have closed it.</summary>
    /// <param name="beforeRead">Null: reads at once.</param>
    public async Task CopyAsync(Stream pipe, Func<ReadOnlyMemory<byte>, ValueTask> sink, Func<ValueTask>? beforeRead, CancellationToken cancel)
    {
        // The buffer of Go's io.Copy.
        var buffer = new byte[32 * 1024];
        while (true)
        {
            if (beforeRead is not null)
            {
                await beforeRead();
            }

            if (await pipe.ReadAsync(buffer, cancel) is not (> 0 and var read))
            {
                return;
            }

            var chunk = buffer.AsMemory(0, read);
            Count(chunk.Span);
            await sink(chunk);
        }
    }

    public CallOutput Result()
    {
        lock (_gate)
        {
            return new CallOutput(_bytes, Convert.ToHexStringLower(_hash.GetCurrentHash()), _head.ToArray());
        }
    }

    public void Dispose()
    {
        _hash.Dispose();
        _head.Dispose();
    }

    private void Count(ReadOnlySpan<byte> chunk)
    {
        lock (_gate)
        {
            _bytes += chunk.Length;
            _hash.AppendData(chunk);
            _head.Write(chunk[..(int)Math.Min(chunk.Length, HeadSize - _head.Length)]);
        }
    }
}
