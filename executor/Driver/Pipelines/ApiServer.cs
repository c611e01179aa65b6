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
            return Connection.Endpoint(OptionsFile.Load(optionsFile).Kubernetes).Server.Host;
        }
        catch (FailureException)
        {
            return null;
        }
    }
}
