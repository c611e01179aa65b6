namespace PodExecutor.Agent.Images;

/// <summary>An image command cannot do what was asked. Its message is for a person: what, why, what to do.</summary>
/// <param name="exitCode">What the command exits with.</param>
internal sealed class ImageException(string message, int exitCode = ImageExit.Failure, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
