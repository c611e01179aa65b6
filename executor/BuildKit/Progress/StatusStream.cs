using System.Globalization;
using System.Runtime.CompilerServices;
using Api = PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.BuildKit.Progress;

/// <summary>Control.Status: the progress of one build, until it ends.</summary>
internal static class StatusStream
{
    private const string DaemonClock = "buildkit-current-timestamp";

    /// <summary>Below this a difference between the clocks is the message's own way.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    public static async IAsyncEnumerable<ProgressUpdate> ReadAsync(
        Api.Control.ControlClient control, string buildRef, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var call = control.Status(new Api.StatusRequest { Ref = buildRef }, cancellationToken: cancellation);
        var headers = await call.ResponseHeadersAsync.ConfigureAwait(false);
        var reader = new ProgressReader(Skew(headers.GetValue(DaemonClock), time.GetUtcNow()));
        while (await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false))
        {
            yield return reader.Read(call.ResponseStream.Current);
        }
    }

    /// <summary>The daemon's clock is behind by this much.</summary>
    private static TimeSpan Skew(string? daemon, DateTimeOffset now) =>
        DateTimeOffset.TryParse(daemon, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var there) && (now - there).Duration() > Tolerance
            ? now - there
            : TimeSpan.Zero;
}
