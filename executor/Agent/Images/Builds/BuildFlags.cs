using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>
/// The flags of `docker build`, `docker buildx build` and `nerdctl build` (docker/buildx docs/reference/buildx_build.md v0.35, docker/cli build.go,
/// nerdctl docs/command-reference.md v2), and ours. What is not listed is an error that names it.
/// </summary>
internal static class BuildFlags
{
    private const string Limits = "the builder's own limits hold";

    public static FlagSet Table(string command) => new(
        command,
        [
            new("file", FlagKind.Value, 'f'), new("tag", FlagKind.List, 't'), new("target"), new("build-arg", FlagKind.List), new("build-context", FlagKind.List),
            new("label", FlagKind.List), new("annotation", FlagKind.List), new("platform", FlagKind.List), new("secret", FlagKind.List), new("ssh", FlagKind.List),
            new("cache-from", FlagKind.List), new("cache-to", FlagKind.List), new("no-cache", FlagKind.Switch), new("no-cache-filter", FlagKind.List),
            new("pull", FlagKind.Optional), new("output", FlagKind.List, 'o'), new("push", FlagKind.Switch), new("load", FlagKind.Switch),
            new("provenance"), new("sbom"), new("attest", FlagKind.List), new("add-host", FlagKind.List), new("network"), new("allow", FlagKind.List),
            new("progress"), new("quiet", FlagKind.Switch, 'q'), new("metadata-file"), new("iidfile"), new("check", FlagKind.Switch), new("call"),
            new("shm-size"), new("ulimit", FlagKind.List), new("cgroup-parent"), new("builder"), new("buildkit-host"), new("debug", FlagKind.Switch, 'D'),

            // Ours.
            new("insecure-registry", FlagKind.Switch), new("dotenv"), new("code-quality"), new("no-ci-labels", FlagKind.Switch),

            // Taken for the sake of old pipelines.
            Ignored("rm", "nothing is left of a step's container anyway", FlagKind.Optional), Ignored("force-rm", "nothing is left of a step's container anyway", FlagKind.Switch),
            Ignored("compress", "BuildKit sends only what is missing", FlagKind.Switch), Ignored("disable-content-trust", "BuildKit knows no content trust", FlagKind.Optional),
            Ignored("memory", Limits, s: 'm'), Ignored("memory-swap", Limits), Ignored("cpu-period", Limits), Ignored("cpu-quota", Limits), Ignored("cpu-shares", Limits, s: 'c'),
            Ignored("cpuset-cpus", Limits), Ignored("cpuset-mems", Limits), Ignored("isolation", "it is for Windows"),

            Ignored("squash", "BuildKit has no squash; several stages and COPY --from make an image small", FlagKind.Switch), Ignored("security-opt", "it is set on the builder, not per build", FlagKind.List),
            new("ipfs", FlagKind.Switch) { Refused = "images go to registries only." },
        ]);

    private static Flag Ignored(string name, string why, FlagKind kind = FlagKind.Value, char s = '\0') => new(name, kind, s) { Ignored = why };
}
