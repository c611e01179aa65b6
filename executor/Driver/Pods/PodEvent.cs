namespace PodExecutor.Driver.Pods;

/// <summary>An event about the pod.</summary>
/// <param name="Container">The container it is about, or empty.</param>
internal sealed record PodEvent(string Reason, string Message, string Container, bool IsWarning)
{
    private const string FieldPrefix = "spec.containers{";

    public static PodEvent Of(k8s.Models.Corev1Event source)
    {
        var field = source.InvolvedObject?.FieldPath ?? "";
        var container = field.StartsWith(FieldPrefix, StringComparison.Ordinal) ? field[FieldPrefix.Length..^1] : "";
        return new PodEvent(source.Reason ?? "", source.Message ?? "", container, source.Type == "Warning");
    }
}
