using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Runs;

/// <summary>The stream to the agent was cut or fell silent. The stage goes on without us; we come back to it.</summary>
internal sealed class LinkLostException(string detail, Exception? inner = null) : IOException(detail, inner), ITransient
{
    public bool IsTransient => true;

    public TimeSpan? RetryAfter => null;
}
