using k8s;
using k8s.Exceptions;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Pipelines;

/// <summary>Where the executor's options say that the cluster is. Only for a guess at our own address: whatever is wrong, the executor itself will tell.</summary>
internal static class ApiServer
{
    public static string? HostOf(string optionsFile)
    {
        try
        {
            var options = OptionsFile.Load(optionsFile).Kubernetes;
            var file = options.Kubeconfig is { Length: > 0 } path ? new FileInfo(path) : null;
            return Uri.TryCreate(KubernetesClientConfiguration.BuildConfigFromConfigFile(file, options.Context).Host, UriKind.Absolute, out var url) ? url.Host : null;
        }
        catch (Exception e) when (e is FailureException or KubeConfigException or KubernetesException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
