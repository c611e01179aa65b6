using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>A folder in memory, and a fake daemon that builds it as a test says.</summary>
public abstract class FakeBuild : IAsyncDisposable
{
    private readonly FakeDaemon _daemon = new();

    private protected Project Project { get; } = new(root: "/dev/shm");

    /// <summary>Of the folder itself, beside what the daemon asks for.</summary>
    protected IReadOnlyList<string> ExcludePatterns { get; set; } = [];

    protected SyncRecord? Record { get; set; }

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        Project.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task<T> SolveAsync<T>(Func<FakeSession, SolveCall, Task<T>> build, params IReadOnlyList<Export> exports)
    {
        T? result = default;
        _daemon.OnSolve = async (session, call) =>
        {
            result = await build(session, call);
            return new SolveResponse();
        };
        await using var client = _daemon.Connect();
        var folder = new LocalDirectory(Project.Context) { ExcludePatterns = ExcludePatterns, Record = Record };
        var request = Project.Request(null, exports) with { LocalDirectories = new Dictionary<string, LocalDirectory> { ["context"] = folder, ["dockerfile"] = folder } };
        await client.SolveAsync(request, cancellation: Token);
        return result!;
    }
}
