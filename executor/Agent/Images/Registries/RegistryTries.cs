using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>How long one try may take. Who moves bytes extends it as long as they move.</summary>
internal sealed class Patience(CancellationTokenSource source, CancellationToken either)
{
    public CancellationToken Token => either;

    public void Extend(TimeSpan span) => source.CancelAfter(span);
}

/// <summary>Requests to one registry, with the tries that each has.</summary>
/// <param name="what">The sentence's begin: "Asking the registry HOST".</param>
internal sealed class RegistryTries(string what, ImageContext context)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(60);

    /// <exception cref="TransferException">The last try's failure, or the first that another try cannot heal.</exception>
    public Task<T> RunAsync<T>(Func<Patience, Task<T>> once, CancellationToken cancel) => Attempts.RunAsync(
        context.Warn,
        context.Time,
        async (_, stop) =>
        {
            using var timer = new CancellationTokenSource(First, context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timer.Token);
            try
            {
                return await once(new Patience(timer, either.Token));
            }
            catch (Exception e) when (e.GetBaseException() is InvalidDataException wrong)
            {
                throw new TransferException($"{what} failed: {wrong.Message}.", isTransient: false, e);
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !stop.IsCancellationRequested))
            {
                throw Answer.Unreachable(what, e);
            }
        },
        cancel);
}
