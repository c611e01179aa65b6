using PodExecutor.Agent.Cache;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Link.Cache;

namespace PodExecutor.Tests.Unit.Cache.Doubles;

/// <summary>A job's workspace with the agent's cache in it, against a store of its own or that of another job.</summary>
internal sealed class CacheJob : IDisposable
{
    private readonly HttpClient _client = new();
    private readonly StringWriter _log = new();
    private readonly bool _ownsServer;

    /// <param name="store">Of another job, to see what that one saved.</param>
    /// <param name="parent">Where the workspace is made, if not on the usual disk.</param>
    public CacheJob(CacheJob? store = null, string? parent = null)
    {
        Root = parent is null ? Directory.CreateTempSubdirectory("cache-").FullName : Directory.CreateDirectory(Path.Combine(parent, Guid.NewGuid().ToString("N"))).FullName;
        Workspace = Directory.CreateDirectory(Path.Combine(Root, "build")).FullName;
        _ownsServer = store is null;
        Server = store?.Server ?? new ObjectServer();
        Desk = store?.Desk ?? new DeskDouble(Server);
    }

    /// <summary>The parent, where nothing may be written.</summary>
    public string Root { get; }

    public string Workspace { get; }

    public ObjectServer Server { get; }

    public DeskDouble Desk { get; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public TransferOptions Transfers { get; init; } = new() { FirstPause = TimeSpan.FromMilliseconds(1) };

    public string Log => _log.ToString();

    public ulong MaxBytes { get; init; }

    public bool Untracked { get; init; }

    /// <summary>RESTORE_CACHE_ATTEMPTS.</summary>
    public uint Attempts { get; init; }

    public string At(string path) => Path.Combine(Workspace, path);

    public string Write(string path, string text = "x")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
        return At(path);
    }

    public Task<CacheOutcome> SaveAsync(string key, params string[] paths) => RunAsync(Direction.Save, key, paths);

    public Task<CacheOutcome> RestoreAsync(string key, params string[] paths) => RunAsync(Direction.Restore, key, paths);

    public void Dispose()
    {
        _client.Dispose();
        if (_ownsServer)
        {
            Server.Dispose();
        }

        Shell.Run("chmod", "-R", "u+rwx", Root);
        Shell.Run("rm", "-rf", Root);
    }

    private async Task<CacheOutcome> RunAsync(Direction direction, string key, string[] paths)
    {
        var task = new CacheTask
        {
            Workspace = Workspace,
            Direction = direction,
            Parallelism = 3,
            MaxBytes = MaxBytes,
            Attempts = Attempts,
            Items = { new CacheItem { Key = key, Paths = { paths }, Untracked = Untracked } },
        };
        var context = new CacheContext(_client, _log, Time, Path.Combine(Root, "state")) { Transfers = Transfers };
        var outcomes = await new CacheTaskRunner(task, (ask, cancel) => Desk.AskAsync(key, ask, cancel), context).RunAsync(TestContext.Current.CancellationToken);
        return Assert.Single(outcomes);
    }
}
