using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>The operator's own services, and how services are waited for.</summary>
internal static class ServiceKeys
{
    public static KubernetesOptions Read(OptionsReader read, KubernetesOptions options) => options with
    {
        Services = read.Tables("services", "Services of every job, beside its own. All containers of the pod share one localhost: two services on one port clash.", Service),
        ServicesTimeout = read.Key("wait_for_services_timeout", Own, "How long a service may take until it listens on its HEALTHCHECK_TCP_PORT (a variable of the service or the job) before the job fails; 0 waits for nothing.").Seconds(30, 0, 3_600),
        ServicesAsSidecars = read.Key("services_as_sidecars", Own, "Services as native sidecars: the kubelet starts them before the script's container and again when they end. Needs Kubernetes 1.29.").Flag(false),
    };

    private static ServiceOptions Service(OptionsReader read) => new(
        read.Key("name", P0, "The service's image; may hold variables of the job.").Required(),
        read.Key("alias", P0, "Names to reach it by, divided by blanks or commas, beside those made from the image's name.").Text())
    {
        Entrypoint = read.Key("entrypoint", P0, "Instead of the image's own.").Texts(),
        Command = read.Key("command", P0, "Instead of the image's own.").Texts(),
        Environment = read.Key("environment", P0, "`\"NAME=value\"`; values may hold variables of the job.").Texts(),
    };
}
