using PodExecutor.Driver.Operations.Doctor.Checks;

namespace PodExecutor.Driver.Operations.Doctor;

/// <summary>
/// The list of checks, in the order in which they run and are shown, after options file and cluster. A new one is a file in
/// Checks and a line here.
/// </summary>
internal static class DoctorChecks
{
    public static IReadOnlyList<DoctorCheck> All { get; } =
    [
        new("rights", CheckNeed.Cluster, RightsCheck.RunAsync),
        new("quota", CheckNeed.Cluster, QuotaCheck.RunAsync),
        new("limit ranges", CheckNeed.Cluster, LimitRangeCheck.RunAsync),
        new("pull secrets", CheckNeed.Cluster, PullSecretsCheck.RunAsync),
        new("service account", CheckNeed.Cluster, ServiceAccountCheck.RunAsync),
        new("job pod", CheckNeed.Cluster, JobPodCheck.RunAsync),
        new("cache store", CheckNeed.Options, CacheStoreCheck.RunAsync),
        new("builders", CheckNeed.Options, BuildersCheck.RunAsync),
        new("runner config", CheckNeed.Nothing, RunnerConfigCheck.RunAsync),
    ];
}
