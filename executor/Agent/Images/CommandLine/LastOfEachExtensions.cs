namespace PodExecutor.Agent.Images.CommandLine;

internal static class LastOfEachExtensions
{
    /// <summary>Of values under the same key the one that was given last, as docker's maps do it; the order stays.</summary>
    public static IReadOnlyList<T> LastOfEach<T>(this IEnumerable<T> values, Func<T, string> key) => [.. values.GroupBy(key, StringComparer.Ordinal).Select(g => g.Last())];
}
