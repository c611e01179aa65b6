namespace PodExecutor.Driver.Pods;

/// <summary>Where objects of the core API are.</summary>
internal static class ApiPaths
{
    public static string Of(string ns, string kind, string? name = null) =>
        name is null ? $"api/v1/namespaces/{ns}/{kind}" : $"api/v1/namespaces/{ns}/{kind}/{name}";
}
