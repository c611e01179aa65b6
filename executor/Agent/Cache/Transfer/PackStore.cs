using PodExecutor.Agent.Transfers;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Transfer;

/// <summary>The store as one item sees it: packs in and out by grants, with retries, and what the driver says.</summary>
internal sealed class PackStore(Desk desk, HttpClient client, TimeProvider time, TransferOptions options)
{
    private readonly ObjectRequest _request = new(client, time, options);
    private readonly TransferAttempts _attempts = new(options, time);

    public Desk Desk => desk;

    public TransferOptions Options => options;

    /// <returns>False if it was there already, so that nothing was sent.</returns>
    /// <exception cref="TransferException">The store does not take it.</exception>
    public async Task<bool> StoreAsync(PackName pack, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        var isSent = false;
        PackGrant? grant = null;
        await _attempts.RunAsync(async isRefused =>
        {
            grant = isRefused || grant is null ? await GrantAsync(Direction.Save, pack, cancel) : grant;
            if (!grant.Present)
            {
                isSent = true;
                await _request.PutAsync(grant.Object, bytes, cancel);
            }
        }, cancel);
        return isSent;
    }

    /// <summary>A part of a pack. A cut connection goes on at the byte where it was cut.</summary>
    /// <param name="given">A grant that came with the manifest, or null.</param>
    /// <exception cref="TransferException">The store does not give it.</exception>
    public async Task FetchAsync(
        PackName pack, PackGrant? given, long from, long to, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> receive, CancellationToken cancel)
    {
        var grant = given;
        var at = from;
        await _attempts.RunAsync(async isRefused =>
        {
            grant = isRefused || grant is null ? await GrantAsync(Direction.Restore, pack, cancel) : grant;
            await _request.GetAsync(grant.Object, at, to, (piece, token) => Receive(piece, token), cancel);
        }, cancel);

        ValueTask Receive(ReadOnlyMemory<byte> piece, CancellationToken token)
        {
            at += piece.Length;
            return receive(piece, token);
        }
    }

    /// <summary>A whole object that is not ours. It has one grant only.</summary>
    /// <exception cref="TransferException">The store does not give it.</exception>
    public async Task FetchAsync(ObjectGrant grant, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> receive, CancellationToken cancel)
    {
        var at = 0L;
        long? to = grant.Size > 0 ? (long)grant.Size : null;
        await _attempts.RunAsync(async isRefused =>
        {
            if (isRefused)
            {
                throw new TransferException("The store refuses the archive: the grant has run out, or a clock is wrong.", isTransient: false);
            }

            if (to is null || at < to)
            {
                await _request.GetAsync(grant, at, to, (piece, token) =>
                {
                    at += piece.Length;
                    return receive(piece, token);
                }, cancel);
            }
        }, cancel);
    }

    private async Task<PackGrant> GrantAsync(Direction direction, PackName pack, CancellationToken cancel)
    {
        var grants = await desk.GrantAsync(direction, [pack], cancel);
        return grants.FirstOrDefault(g => g.Sha256 == pack.Sha256 && (g.Present || g.Object is not null))
            ?? throw new CacheRefusedException($"the driver gives no access to the pack {Convert.ToHexStringLower(pack.Sha256.Span[..Math.Min(6, pack.Sha256.Length)])}….");
    }
}
