namespace PodExecutor.Driver.Pods;

/// <summary>An event about the pod.</summary>
/// <param name="Container">The container it is about, or empty.</param>
internal sealed record PodEvent(string Reason, string Message, string Container, bool IsWarning)
{
    /// <summary>Services that are native sidecars stand among the init containers.</summary>
    private static readonly string[] FieldPrefixes = ["spec.containers{", "spec.initContainers{"];

    public static PodEvent Of(k8s.Models.Corev1Event source)
    {
        var field = source.InvolvedObject?.FieldPath ?? "";
        var prefix = Array.Find(FieldPrefixes, p => field.StartsWith(p, StringComparison.Ordinal));
        var container = prefix is not null && field[^1] == '}' ? field[prefix.Length..^1] : "";
        return new PodEvent(source.Reason ?? "", source.Message ?? "", container, source.Type == "Warning");
    }
}
