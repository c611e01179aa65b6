using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Options;
using PodExecutor.Link.Cache;

namespace PodExecutor.Driver.Cache;

/// <summary>
/// Answers the agent's asks of one stage. It always answers: what the store or the agent does wrong is a refusal with a reason, and a
/// refusal is a miss or an unsaved cache. Every ask may come twice.
/// </summary>
internal sealed class CacheDesk
{
    private readonly CachePlan _plan;
    private readonly RestoreDesk _restore;
    private readonly SaveDesk _save;
    private volatile string? _away;

    public CacheDesk(CachePlan plan, CacheOptions options, S3Store store, TimeProvider time)
    {
        _plan = plan;
        _restore = new RestoreDesk(plan, store);
        _save = new SaveDesk(plan, options, store, time);
    }

    /// <summary>What the agent is started with.</summary>
    /// <param name="attempts">How often it may try to restore.</param>
    public static CacheTask Task(CachePlan plan, CacheOptions options, int attempts) => new()
    {
        Workspace = plan.Workspace,
        Direction = plan.Direction,
        Level = plan.Level,
        MaxBytes = (ulong)options.MaxUploadedArchiveSize,
        TimeoutSeconds = (uint)plan.TimeLimit.TotalSeconds,
        CertificateAuthorities = StoreConnection.Authorities(options.S3) ?? "",
        Attempts = (uint)attempts,
        Items = { plan.Items.Select(i => new CacheItem { Key = i.Key.Text, Paths = { i.Paths }, Untracked = i.Untracked }) },
    };

    public async Task<ByteString> AnswerAsync(ByteString ask, CancellationToken cancel)
    {
        CacheAsk parsed;
        try
        {
            parsed = CacheAsk.Parser.ParseFrom(ask);
        }
        catch (InvalidProtocolBufferException)
        {
            return Refused("the agent sent a request that the driver does not understand").ToByteString();
        }

        return (await AnswerAsync(parsed, cancel)).ToByteString();
    }

    /// <exception cref="OperationCanceledException">The stage is over: nobody waits for an answer.</exception>
    public async Task<CacheAnswer> AnswerAsync(CacheAsk ask, CancellationToken cancel)
    {
        // Having waited for the store once is enough: the job must go on.
        if (_away is { } reason)
        {
            return Refused(reason);
        }

        try
        {
            return ask.Item < _plan.Items.Count ? await DecideAsync(ask, cancel) : Refused($"there is no cache {ask.Item} in this stage");
        }
        catch (StoreException e)
        {
            _away = e.Message;
            return Refused(e.Message);
        }
        catch (CacheDamagedException e)
        {
            return Refused(e.Message);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // A request without an answer would hold the stage until its time limit, and a cache never fails a job.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Only the type: what an unexpected exception says may hold a signed address.
            return Refused($"the driver failed unexpectedly: {e.GetType().Name}. This is a defect of pod-executor: please report it");
        }
    }

    /// <summary>For what need not hold the job's last cache up.</summary>
    public Task FinishAsync() => _restore.FinishAsync();

    private Task<CacheAnswer> DecideAsync(CacheAsk ask, CancellationToken cancel) => (ask.AskCase, _plan.Direction) switch
    {
        (CacheAsk.AskOneofCase.Find, Direction.Restore) => _restore.FindAsync(ask.Item, ask.Find.Attempt, cancel),
        (CacheAsk.AskOneofCase.GrantPacks, Direction.Restore) => System.Threading.Tasks.Task.FromResult(_restore.Grant(ask.Item, ask.GrantPacks.Packs)),
        (CacheAsk.AskOneofCase.Known, Direction.Save) => _save.KnownAsync(ask.Item, cancel),
        (CacheAsk.AskOneofCase.GrantPacks, Direction.Save) => _save.GrantAsync(ask.Item, ask.GrantPacks.Packs, cancel),
        (CacheAsk.AskOneofCase.Keep, Direction.Save) => _save.KeepAsync(ask.Item, ask.Keep.ManifestSha256, cancel),
        (CacheAsk.AskOneofCase.Commit, Direction.Save) => _save.CommitAsync(ask.Item, ask.Commit.Manifest, cancel),
        _ => System.Threading.Tasks.Task.FromResult(Refused($"a {(_plan.Direction == Direction.Restore ? "restore" : "save")} may not ask for {ask.AskCase}")),
    };

    private static CacheAnswer Refused(string reason) => new() { Refused = reason };
}
