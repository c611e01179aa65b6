namespace PodExecutor.Cache;

/// <summary>A manifest or a pack is not what it should be: written by another program, cut, changed, or made to do harm. Never half-used.</summary>
public sealed class CacheDamagedException(string message, Exception? cause = null) : Exception(message, cause);
