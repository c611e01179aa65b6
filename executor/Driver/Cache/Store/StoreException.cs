using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Cache.Store;

/// <summary>The store does not do what we ask. The text is safe to show: it holds no key and no signature.</summary>
/// <param name="isTransient">False where asking again cannot help: a wrong login, a missing bucket.</param>
internal sealed class StoreException(string message, bool isTransient, TimeSpan? retryAfter = null, Exception? inner = null)
    : Exception(message, inner), ITransient
{
    public bool IsTransient => isTransient;

    public TimeSpan? RetryAfter => retryAfter;
}
