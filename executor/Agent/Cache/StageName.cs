namespace PodExecutor.Agent.Cache;

/// <summary>The directory in the workspace in which a restore waits until it is whole.</summary>
internal static class StageName
{
    private static ReadOnlySpan<byte> Prefix => ".pod-executor-restore-"u8;

    public static byte[] New() => [.. Prefix, .. System.Text.Encoding.ASCII.GetBytes(Guid.NewGuid().ToString("N"))];

    /// <summary>Also one that a restore which was killed left behind.</summary>
    public static bool Is(ReadOnlySpan<byte> name) => name.StartsWith(Prefix);
}
