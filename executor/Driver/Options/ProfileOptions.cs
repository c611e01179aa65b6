namespace PodExecutor.Driver.Options;

/// <summary>[profiles.NAME]: who may pick it, and the settings that result.</summary>
/// <param name="AllowedProjects">Globs of project paths.</param>
/// <param name="AllowedRefs">Globs of branches and tags.</param>
/// <param name="Kubernetes">[kubernetes] with the profile's keys laid over it.</param>
internal sealed record ProfileOptions(
    IReadOnlyList<string> AllowedProjects, IReadOnlyList<string> AllowedRefs, bool ProtectedOnly, KubernetesOptions Kubernetes);
