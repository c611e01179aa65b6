using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Progress;

/// <summary>Where the news of one build comes together, though several builders may send it at once: into one trace and one log.</summary>
internal sealed class ProgressBoard(IProgressPrinter printer, TimeProvider time)
{
    private readonly Lock _lock = new();
    private int _lanes;

    /// <summary>All that was told, of all lanes. Not to be read while one of them still runs.</summary>
    public BuildTrace Whole { get; } = new();

    /// <summary>A way in for one builder's news.</summary>
    /// <param name="share">Goes before the steps' names where several builders take part, as buildx has it: "[linux/arm64 2/3] RUN make". Null: nothing.</param>
    public ProgressLane Open(string? share)
    {
        lock (_lock)
        {
            return new ProgressLane(this, _lanes++, share, time);
        }
    }

    /// <summary>A step of our own.</summary>
    public async Task<T> StepAsync<T>(string name, Func<Task<T>> work)
    {
        var begin = time.GetUtcNow();
        var step = new Vertex($"own:{name}", name, [], Cached: false, begin, null, null, null);
        Take(step);
        try
        {
            var result = await work();
            Take(step with { Completed = time.GetUtcNow() });
            return result;
        }
        catch (Exception e)
        {
            Take(step with { Completed = time.GetUtcNow(), Error = e is OperationCanceledException ? ProgressLane.Canceled : e.Message });
            throw;
        }
    }

    public void Finish()
    {
        lock (_lock)
        {
            printer.Finish();
        }
    }

    /// <param name="shown">The same with the names that the log has.</param>
    internal void Take(ProgressUpdate update, ProgressUpdate shown)
    {
        lock (_lock)
        {
            Whole.Add(update);
            printer.Print(shown);
        }
    }

    private void Take(Vertex step)
    {
        var update = new ProgressUpdate([step], [], [], []);
        Take(update, update);
    }
}
