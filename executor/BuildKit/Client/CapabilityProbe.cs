using Grpc.Core;
using PodExecutor.BuildKit.Wire.Ops;
using PodExecutor.BuildKit.Wire.Workers;
using Api = PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.BuildKit;

/// <summary>Finds out what a daemon can do, by what it answers.</summary>
internal static class CapabilityProbe
{
    /// <summary>Only workers of containerd's image store have it; Docker's own store has none and cannot export images.</summary>
    private const string SnapshotterLabel = "org.mobyproject.buildkit.worker.snapshotter";

    public static async Task<DaemonCapabilities> AskAsync(Api.Control.ControlClient control, bool isDocker, CancellationToken cancellation)
    {
        var workers = await control.ListWorkersAsync(new Api.ListWorkersRequest(), cancellationToken: cancellation).ResponseAsync.ConfigureAwait(false);
        var (answers, version) = await InfoAsync(control, cancellation).ConfigureAwait(false);
        WorkerInfo[] records = [.. workers.Record.Select(WorkerOf)];
        return new DaemonCapabilities
        {
            IsDocker = isDocker,
            AnswersInfo = answers,
            Version = version is null or "" or "v0.0.0+unknown" ? null : version,
            SeveralExports = answers,
            ImageExports = records.Any(worker => worker.Labels.ContainsKey(SnapshotterLabel)),
            Workers = records,
        };
    }

    private static async Task<(bool Answers, string? Version)> InfoAsync(Api.Control.ControlClient control, CancellationToken cancellation)
    {
        try
        {
            var info = await control.InfoAsync(new Api.InfoRequest(), cancellationToken: cancellation).ResponseAsync.ConfigureAwait(false);
            return (true, info.BuildkitVersion?.Version);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.Unimplemented)
        {
            return (false, null);
        }
    }

    private static WorkerInfo WorkerOf(WorkerRecord record) => new(record.Id, [.. record.Platforms.Select(NameOf)], record.Labels.ToDictionary());

    private static string NameOf(Platform platform) => string.Join('/', new[] { platform.Os, platform.Architecture, platform.Variant }.Where(part => part.Length > 0));
}
