namespace PodExecutor.Agent.Images.CommandLine;

/// <summary>A truth value as docker and buildx read it (strconv.ParseBool).</summary>
internal static class GoBoolean
{
    public static bool IsTrue(string? text) => text is "1" or "t" or "T" or "TRUE" or "true" or "True";

    public static bool IsFalse(string? text) => text is "0" or "f" or "F" or "FALSE" or "false" or "False";
}
