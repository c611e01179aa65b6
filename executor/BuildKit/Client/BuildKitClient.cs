namespace PodExecutor.BuildKit;

/// <summary>
/// A client of one BuildKit daemon. Connects at the first call; safe for several builds at the same time.
/// </summary>
public sealed class BuildKitClient : IAsyncDisposable
{
    public BuildKitClient(BuildKitEndpoint endpoint, BuildKitClientOptions? options = null)
    {
        Endpoint = endpoint;
        Options = options ?? new BuildKitClientOptions();
    }

    public BuildKitEndpoint Endpoint { get; }

    internal BuildKitClientOptions Options { get; }

    /// <summary>Runs a build to its end.</summary>
    /// <param name="progress">
    /// Called with each piece of news, one after the other, and never again when the method has returned. It must not throw; while it works the next
    /// pieces wait.
    /// </param>
    /// <exception cref="BuildFailedException">The build failed.</exception>
    /// <exception cref="NotSupportedByDaemonException">The daemon is too old, or not made, for what is asked.</exception>
    /// <exception cref="DaemonUnreachableException">The daemon cannot be reached, or went away.</exception>
    /// <exception cref="LocalFileException">A folder or file of this machine cannot be read or written.</exception>
    /// <exception cref="OperationCanceledException">The token ended it: the daemon has been told to stop as well.</exception>
    public Task<SolveOutcome> SolveAsync(SolveRequest request, Action<ProgressUpdate>? progress = null, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>The progress of a build that is running or in the daemon's history; ends when the build has ended.</summary>
    public IAsyncEnumerable<ProgressUpdate> WatchAsync(string buildRef, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    /// <summary>What the daemon can do. Asked once and remembered.</summary>
    /// <exception cref="DaemonUnreachableException">The daemon cannot be reached.</exception>
    public Task<DaemonCapabilities> GetCapabilitiesAsync(CancellationToken cancellation = default) => throw new NotImplementedException();

    public Task<IReadOnlyList<CacheRecord>> GetDiskUsageAsync(CancellationToken cancellation = default, params IEnumerable<string> filters) =>
        throw new NotImplementedException();

    /// <summary>Removes what is not needed; returns what is gone.</summary>
    public Task<IReadOnlyList<CacheRecord>> PruneAsync(PruneRequest request, CancellationToken cancellation = default) =>
        throw new NotImplementedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
