namespace PodExecutor.Agent.Builders.Forwarding;

/// <summary>No builder can be had for a connection.</summary>
internal sealed class NoBuilderException(string message) : Exception(message);
