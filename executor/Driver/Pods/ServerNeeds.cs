using System.Globalization;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Pods;

/// <summary>Something that a setting needs and an older API server drops without a word.</summary>
/// <param name="Setting">For messages.</param>
/// <param name="Minor">The first Kubernetes 1.x that has it switched on.</param>
internal sealed record ServerNeed(string Setting, int Minor);

/// <summary>Which abilities of newer servers a plan needs. Pure.</summary>
internal static class ServerNeeds
{
    /// <summary>Native sidecars (KEP-753) are beta and on since 1.29. Without them services are plain containers.</summary>
    public const int Sidecars = 29;

    /// <summary>What cannot be done without. Source of the versions: kubernetes, pkg/features/kube_features.go.</summary>
    public static IReadOnlyList<ServerNeed> Of(JobPlan plan)
    {
        var security = plan.Options.Security;
        (bool IsNeeded, string Setting, int Minor)[] table =
        [
            (security.UserNamespaces, "user_namespaces", 33),
            (!plan.PodResources.IsEmpty, "pod_cpu_… and pod_memory_…", 34),
            (plan.Volumes.Any(v => v.Kind == VolumeKind.Image), "volumes.image", 35),
            (new[] { security.Pod.AppArmor, security.Build.AppArmor, security.Helper.AppArmor, security.Service.AppArmor }.Any(a => a is not null), "app_armor_profile", 30),
        ];
        return [.. table.Where(t => t.IsNeeded).Select(t => new ServerNeed(t.Setting, t.Minor))];
    }

    public static bool WantsSidecars(JobPlan plan) => plan.Options.ServicesAsSidecars && plan.Services.Count > 0;

    /// <summary>True if the server must be asked for its version.</summary>
    public static bool AsksFor(JobPlan plan) => WantsSidecars(plan) || Of(plan).Count > 0;

    /// <summary>What the server's version does not have, as failures of the configuration.</summary>
    public static IReadOnlyList<Failure> Missing(JobPlan plan, int minor) =>
        [.. Of(plan).Where(n => n.Minor > minor).Select(n => new Failure(
            FailureKind.System,
            $"The API server is too old for kubernetes.{n.Setting}",
            $"it is Kubernetes 1.{minor}, and that needs 1.{n.Minor}",
            "Remove the setting from the executor's options file, or upgrade the cluster."))];

    /// <summary>"34" or, of some vendors, "34+"; what is no number counts for none.</summary>
    public static int Minor(string text) =>
        int.TryParse(text.AsSpan().TrimEnd('+'), NumberStyles.None, CultureInfo.InvariantCulture, out var minor) ? minor : 0;
}
