namespace PodExecutor.Agent.Images.Solving;

/// <summary>A build failed and the log says how: nothing is to be added.</summary>
internal sealed class BuildReportedException(Exception inner) : Exception(inner.Message, inner);
