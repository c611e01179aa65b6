namespace PodExecutor.Agent.Cache;

/// <summary>Nothing is broken, but it is not done: the store or the driver does not want to, or something is in the way.</summary>
internal sealed class CacheRefusedException(string message) : Exception(message);
