using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using PodExecutor.BuildKit.Progress;
using PodExecutor.BuildKit.Solve;
using PodExecutor.BuildKit.Transport;
using Api = PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.BuildKit;

/// <summary>
/// A client of one BuildKit daemon. Connects at the first call; safe for several builds at the same time.
/// </summary>
public sealed class BuildKitClient : IAsyncDisposable
{
    private readonly BuildKitClientOptions _options;

    private readonly GrpcChannel _channel;

    private readonly Api.Control.ControlClient _control;

    private readonly SemaphoreSlim _capabilitiesLock = new(1, 1);

    private DaemonCapabilities? _capabilities;

    public BuildKitClient(BuildKitEndpoint endpoint, BuildKitClientOptions? options = null)
    {
        Endpoint = endpoint;
        _options = options ?? new BuildKitClientOptions();
        _channel = ChannelFactory.Create(endpoint, _options);
        _control = new Api.Control.ControlClient(_channel);
    }

    public BuildKitEndpoint Endpoint { get; }

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
    public async Task<SolveOutcome> SolveAsync(SolveRequest request, Action<ProgressUpdate>? progress = null, CancellationToken cancellation = default)
    {
        await Requirements.CheckAsync(request, GetCapabilitiesAsync, cancellation).ConfigureAwait(false);
        var run = new SolveRun(Endpoint, _options, _channel.CreateCallInvoker());
        return await run.RunAsync(request, progress, cancellation).ConfigureAwait(false);
    }

    /// <summary>The progress of a build that is running or in the daemon's history; ends when the build has ended.</summary>
    /// <exception cref="BuildFailedException">The daemon knows no such build.</exception>
    public async IAsyncEnumerable<ProgressUpdate> WatchAsync(string buildRef, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await using var updates = StatusStream.ReadAsync(_control, buildRef, _options.Time, cancellation).GetAsyncEnumerator(cancellation);
        while (await CallAsync(() => updates.MoveNextAsync().AsTask(), cancellation).ConfigureAwait(false))
        {
            yield return updates.Current;
        }
    }

    /// <summary>What the daemon can do. Asked once and remembered.</summary>
    /// <exception cref="DaemonUnreachableException">The daemon cannot be reached.</exception>
    public async Task<DaemonCapabilities> GetCapabilitiesAsync(CancellationToken cancellation = default)
    {
        await _capabilitiesLock.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return _capabilities ??= await CallAsync(() => CapabilityProbe.AskAsync(_control, Endpoint.IsDocker, cancellation), cancellation).ConfigureAwait(false);
        }
        finally
        {
            _capabilitiesLock.Release();
        }
    }

    /// <param name="filters">containerd's filter syntax, such as <c>type==exec.cachemount</c>; any of them.</param>
    public async Task<IReadOnlyList<CacheRecord>> GetDiskUsageAsync(IEnumerable<string>? filters = null, CancellationToken cancellation = default)
    {
        var request = new Api.DiskUsageRequest();
        request.Filter.AddRange(filters ?? []);
        var response = await CallAsync(() => _control.DiskUsageAsync(request, cancellationToken: cancellation).ResponseAsync, cancellation).ConfigureAwait(false);
        return [.. response.Record.Select(RecordOf)];
    }

    /// <summary>Removes what is not needed; returns what is gone.</summary>
    public async Task<IReadOnlyList<CacheRecord>> PruneAsync(PruneRequest request, CancellationToken cancellation = default)
    {
        const long nanosecondsPerTick = 100;
        var wire = new Api.PruneRequest
        {
            All = request.All,
            KeepDuration = request.Keep.Ticks * nanosecondsPerTick,
            ReservedSpace = request.ReservedSpace,
            MaxUsedSpace = request.MaxUsedSpace,
            MinFreeSpace = request.MinFreeSpace,
        };
        wire.Filter.AddRange(request.Filters);
        return await CallAsync(async () =>
        {
            using var call = _control.Prune(wire, cancellationToken: cancellation);
            var gone = new List<CacheRecord>();
            while (await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false))
            {
                gone.Add(RecordOf(call.ResponseStream.Current));
            }

            return gone;
        }, cancellation).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        _capabilitiesLock.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellation)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (RpcException error)
        {
            cancellation.ThrowIfCancellationRequested();
            throw Faults.IsTransport(error) ? Faults.Unreachable(Endpoint, error) : FailureDetails.Read(error);
        }
    }

    private static CacheRecord RecordOf(Api.UsageRecord record) => new(
        record.Id,
        record.Description,
        record.RecordType,
        record.Size,
        record.InUse,
        record.Mutable,
        record.Shared,
        record.UsageCount,
        TimeOf(record.CreatedAt),
        TimeOf(record.LastUsedAt),
        [.. record.Parents]);

    private static DateTimeOffset? TimeOf(Timestamp? timestamp) => timestamp?.ToDateTimeOffset();
}
