using Grpc.Core;
using PodExecutor.BuildKit.Progress;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Transport;
using Api = PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.BuildKit.Solve;

/// <summary>
/// One build: three calls that begin and end together.
/// <list type="number">
/// <item>Session: the daemon's way back to this client, open before anything can need it;</item>
/// <item>Solve: the build, a single call that lasts as long as the build does;</item>
/// <item>Status: its progress. It ends by itself just before Solve; a build that fails before it is a job leaves it hanging, so that it is given a grace.</item>
/// </list>
/// </summary>
internal sealed class SolveRun(BuildKitEndpoint endpoint, BuildKitClientOptions options, CallInvoker daemon)
{
    private readonly Api.Control.ControlClient _control = new(daemon);

    private readonly SessionFailures _failures = new();

    public async Task<SolveOutcome> RunAsync(SolveRequest request, Action<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        foreach (var (name, directory) in request.LocalDirectories)
        {
            RequireFolder(name, directory.Path);
        }

        // Step 1: the session
        var sessionId = Guid.NewGuid().ToString("N");
        await using var services = new SessionServices(request, options);
        await using var session = await BuildSession
            .OpenAsync(daemon, sessionId, SharedKey.Of(request), services.Handlers, _failures, cancellation).ConfigureAwait(false);

        // Step 2: the build and its progress
        using var statusEnd = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var status = progress is null ? Task.CompletedTask : WatchAsync(request.Ref, progress, statusEnd.Token);
        try
        {
            var response = await _control.SolveAsync(await WireRequest.OfAsync(request, sessionId, cancellation).ConfigureAwait(false), cancellationToken: cancellation)
                .ResponseAsync.ConfigureAwait(false);
            await services.CompleteAsync(response.ExporterResponse, cancellation).ConfigureAwait(false);
            return new SolveOutcome(request.Ref, response.ExporterResponse.ToDictionary());
        }
        catch (RpcException error)
        {
            cancellation.ThrowIfCancellationRequested();
            throw await ReasonAsync(error, session).ConfigureAwait(false);
        }
        finally
        {
            // Step 3: the rest of the progress, but not for ever
            await EndAsync(status, statusEnd).ConfigureAwait(false);
        }
    }

    /// <summary>What happened on this side comes first: the daemon knows only that something did.</summary>
    private async Task<Exception> ReasonAsync(RpcException error, BuildSession session)
    {
        if (_failures.First is { } local)
        {
            return local;
        }

        if (Faults.IsTransport(error))
        {
            return Faults.Unreachable(endpoint, error);
        }

        var failure = FailureDetails.Read(error);
        try
        {
            // Its end, too, takes some time to be seen here.
            await session.Completion.WaitAsync(options.SessionEndGrace, options.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // It is open.
        }
        catch (Exception lost) when (lost is RpcException or IOException or SessionLostException)
        {
            return new SessionLostException(
                $"The session with {endpoint}, by which the daemon reads files and secrets of this machine, broke during the build ({lost.Message}); " +
                $"then the build failed: {failure.Message}", lost);
        }

        return failure;
    }

    private async Task WatchAsync(string buildRef, Action<ProgressUpdate> progress, CancellationToken cancellation)
    {
        try
        {
            await foreach (var update in StatusStream.ReadAsync(_control, buildRef, options.Time, cancellation).ConfigureAwait(false))
            {
                progress(update);
            }
        }
        catch (Exception error) when (error is RpcException or OperationCanceledException)
        {
            // Solve's own end says what happened; progress alone fails nothing.
        }
    }

    private async Task EndAsync(Task status, CancellationTokenSource statusEnd)
    {
        try
        {
            await status.WaitAsync(options.StatusGrace, options.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            await statusEnd.CancelAsync().ConfigureAwait(false);
            await status.ConfigureAwait(false);
        }
    }

    private static void RequireFolder(string name, string path)
    {
        if (!Directory.Exists(path))
        {
            throw new LocalFileException(path, $"The folder \"{name}\" of the build, {path}, is not there or is no folder.");
        }
    }
}
