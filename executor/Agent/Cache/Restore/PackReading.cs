using System.Collections.Concurrent;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>Fetches the parts of packs that are needed, several at once, and has each frame decoded as soon as it is there.</summary>
internal sealed class PackReading(RestorePlan plan, RestoreTree tree, PackStore store, int workers)
{
    /// <summary>Rather read over so many bytes that are not needed than make one more request.</summary>
    private const long Gap = 256 * 1024;

    /// <summary>A longer part is fetched in several, at once.</summary>
    private const long LongestPart = 8 << 20;

    private long _fetched;

    public long FetchedBytes => Interlocked.Read(ref _fetched);

    /// <summary>The pack that proved missing or damaged, if that is why it failed.</summary>
    public Google.Protobuf.ByteString? Unusable { get; private set; }

    /// <exception cref="PodExecutor.Cache.CacheDamagedException">A frame is not what its digest says.</exception>
    /// <exception cref="TransferException">The store does not give a pack.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var buffers = new FrameBuffers(plan.LargestFrame, workers + store.Options.Parallel);
        using var ready = new BlockingCollection<FrameReady>();
        var decoding = Task.Factory.StartNew(() => Decode(ready, buffers, broken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = store.Options.Parallel, CancellationToken = broken.Token };
            await Parallel.ForEachAsync(plan.Packs.SelectMany(Parts), options, (part, token) => FetchAsync(part, ready, buffers, token));
        }
        catch (OperationCanceledException) when (broken.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            // Decoding failed: it throws below.
        }
        catch
        {
            await broken.CancelAsync();
            ready.CompleteAdding();
            await decoding;
            throw;
        }

        ready.CompleteAdding();
        await decoding;
        cancel.ThrowIfCancellationRequested();
    }

    private static IEnumerable<Part> Parts(PlannedPack pack)
    {
        var frames = new List<PlannedFrame>();
        foreach (var frame in pack.Frames)
        {
            if (frames.Count > 0)
            {
                var end = (long)(frames[^1].Frame.Offset + frames[^1].Frame.Length);
                if ((long)frame.Frame.Offset - end > Gap || end - (long)frames[0].Frame.Offset >= LongestPart)
                {
                    yield return new Part(pack, frames);
                    frames = [];
                }
            }

            frames.Add(frame);
        }

        yield return new Part(pack, frames);
    }

    private async ValueTask FetchAsync(Part part, BlockingCollection<FrameReady> ready, FrameBuffers buffers, CancellationToken cancel)
    {
        var assembly = new FrameAssembly(part.Frames, buffers, frame => ready.Add(frame with { Pack = part.Pack.Name.Sha256 }, cancel));
        try
        {
            await store.FetchAsync(part.Pack.Name, part.Pack.Grant, part.From, part.To, async (piece, token) =>
            {
                Interlocked.Add(ref _fetched, piece.Length);
                await assembly.AddAsync(piece, token);
            }, cancel);
        }
        catch (TransferException e) when (e.IsMissing)
        {
            Unusable = part.Pack.Name.Sha256;
            throw;
        }
        finally
        {
            assembly.Abandon();
        }
    }

    private void Decode(BlockingCollection<FrameReady> ready, FrameBuffers buffers, CancellationTokenSource broken)
    {
        Threads.Run(workers, () =>
        {
            using var decoder = new FrameDecoder(tree, plan.LargestContent);
            try
            {
                foreach (var frame in ready.GetConsumingEnumerable(broken.Token))
                {
                    try
                    {
                        decoder.Write(frame);
                    }
                    catch (PodExecutor.Cache.CacheDamagedException)
                    {
                        Unusable = frame.Pack;
                        throw;
                    }
                    finally
                    {
                        buffers.Return(frame.Bytes);
                    }
                }
            }
            catch (OperationCanceledException) when (broken.IsCancellationRequested)
            {
                // The one who broke it tells why.
            }
            catch
            {
                broken.Cancel();
                throw;
            }
        });
    }

    /// <summary>Frames that lie together.</summary>
    private sealed record Part(PlannedPack Pack, IReadOnlyList<PlannedFrame> Frames)
    {
        public long From => (long)Frames[0].Frame.Offset;

        public long To => (long)(Frames[^1].Frame.Offset + Frames[^1].Frame.Length);
    }
}
