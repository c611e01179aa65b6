namespace PodExecutor.Driver.Runs;

/// <summary>gitlab-runner does not read our output any more: it was killed. There is nobody to go on for.</summary>
internal sealed class StdoutGoneException(Exception inner) : IOException("gitlab-runner has closed our output.", inner);
