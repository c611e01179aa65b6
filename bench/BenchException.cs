namespace PodExecutor.Bench;

/// <summary>A benchmark cannot be run; the message is for a person.</summary>
internal sealed class BenchException(string message) : Exception(message);
