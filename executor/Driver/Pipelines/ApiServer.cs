using k8s;
using k8s.Exceptions;
using PodExecutor.Driver.Cluster;
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
            return Uri.TryCreate(Connection.Configure(OptionsFile.Load(optionsFile).Kubernetes).Host, UriKind.Absolute, out var url) ? url.Host : null;
        }
        catch (Exception e) when (e is FailureException or KubeConfigException or KubernetesException or IOException or UnauthorizedAccessException
            or System.Security.Cryptography.CryptographicException)
        {
            return null;
        }
    }
}
