using System.Collections.Concurrent;

namespace PodExecutor.BuildKit.Session;

/// <summary>What went wrong on this side of a build. If the build fails, the first of these is the reason; the daemon's words are a consequence.</summary>
internal sealed class SessionFailures
{
    private readonly ConcurrentQueue<BuildKitException> _failures = new();

    public BuildKitException? First => _failures.TryPeek(out var failure) ? failure : null;

    public void Add(BuildKitException failure) => _failures.Enqueue(failure);
}
