namespace PodExecutor.Driver.Pods.Patches;

/// <summary>A patch does not fit what it is applied to.</summary>
internal sealed class PatchException(string message) : Exception(message);
