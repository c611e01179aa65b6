namespace PodExecutor.Agent.Artifacts;

/// <summary>A final failure: the message says what failed, why, and what to do. Never holds a token or a signed address.</summary>
internal sealed class ArtifactException(string message, Exception? cause = null) : Exception(message, cause);
