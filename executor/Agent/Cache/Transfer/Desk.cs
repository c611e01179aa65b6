using Google.Protobuf;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Transfer;

/// <summary>Asks the driver on behalf of one item.</summary>
internal sealed class Desk(Func<CacheAsk, CancellationToken, Task<CacheAnswer>> ask, uint item)
{
    public Task<CacheAnswer> FindAsync(uint attempt, CancellationToken cancel) =>
        AskAsync(new CacheAsk { Find = new Find { Attempt = attempt } }, cancel);

    public async Task<IReadOnlyList<ByteString>> KnownAsync(CancellationToken cancel) =>
        (await AskAsync(new CacheAsk { Known = new Known() }, cancel)).Known?.Manifests ?? [];

    /// <exception cref="CacheRefusedException">The driver gives none.</exception>
    public async Task<IReadOnlyList<PackGrant>> GrantAsync(Direction direction, IEnumerable<PackName> packs, CancellationToken cancel) =>
        (await AskAsync(new CacheAsk { GrantPacks = new GrantPacks { Direction = direction, Packs = { packs } } }, cancel)).Grants?.Grants ?? [];

    /// <exception cref="CacheRefusedException">The driver does not make the save visible.</exception>
    public async Task<Committed> CommitAsync(ReadOnlyMemory<byte> manifest, CancellationToken cancel) =>
        (await AskAsync(new CacheAsk { Commit = new Commit { Manifest = UnsafeByteOperations.UnsafeWrap(manifest) } }, cancel)).Committed
        ?? throw new CacheRefusedException("the driver did not say that the cache is saved.");

    /// <returns>Null if the key's manifest is another one by now, or cannot be kept.</returns>
    /// <exception cref="CacheRefusedException">The driver does not make the save visible.</exception>
    public async Task<Committed?> KeepAsync(ByteString manifestSha256, CancellationToken cancel) =>
        (await AskAsync(new CacheAsk { Keep = new Keep { ManifestSha256 = manifestSha256 } }, cancel)).Committed;

    private async Task<CacheAnswer> AskAsync(CacheAsk question, CancellationToken cancel)
    {
        question.Item = item;
        var answer = await ask(question, cancel);
        return answer.AnswerCase == CacheAnswer.AnswerOneofCase.Refused ? throw new CacheRefusedException(answer.Refused) : answer;
    }
}
