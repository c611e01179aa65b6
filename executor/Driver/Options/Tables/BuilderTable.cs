using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>[builder] and [[builders]]: where images are built, and by which rules.</summary>
internal static class BuilderTable
{
    public const string Meaning =
        "What jobs may do with the builders of `[[builders]]`. The helper container enforces it on the job's only way to them (docs/images.md says how far that goes).";

    public const string ListMeaning =
        "BuildKit daemons that build the jobs' images. Each build goes to one, always the same for a project and Dockerfile while it is there and has room. Addresses and keys do not reach the jobs' scripts.";

    private static readonly string[] Schemes = ["tcp://", "unix://", "docker+tcp://", "docker+unix://"];

    public static BuilderPolicyOptions Policy(OptionsReader read) => new()
    {
        AllowedRepositories = read.Key("allowed_repositories", Own, "Where images and registry caches may be pushed: a registry, a repository with all below it, or a pattern with `*` (any text; before the first `/` it stands for a part of the registry only); `{project}` is the job's project path. Not set: everywhere.").Texts(),
        Entitlements = read.Key("entitlements", Own, "What a Dockerfile may ask for beyond an ordinary build; the daemon must allow it as well. Not set: nothing.").Words("network.host", "security.insecure", "device"),
        InsecureRegistries = read.Key("insecure_registries", Own, "Registries (`host[:port]`) that are spoken to over plain HTTP or with any certificate.").Texts(),
        OtherBuilders = read.Key("other_builders", Own, "An address that a pipeline names and that is none of `[[builders]]` is dialled by the job itself, past all rules. Otherwise such a build goes to `[[builders]]`, with a note.").Flag(false),
        BuiltinFrontend = read.Key("frontends", Own, "`builtin`: the daemon's own Dockerfile frontend only; `# syntax=` lines and frontend images, which get around the separation of cache mounts, are not followed. Not set: `any`.").Word("any", "builtin") == "builtin",
    };

    public static BuilderOptions Builder(OptionsReader read)
    {
        var builder = new BuilderOptions(
            read.Key("name", Own, "For messages, and for `--builder`. Builds keep to it: a renamed builder starts cold.").Required(),
            read.Key("address", Own, "`tcp://HOST:PORT`, or `unix://PATH` in the helper container; with `docker+` before it for the BuildKit inside a Docker daemon.").Required())
        {
            Aliases = read.Key("aliases", Own, "More addresses by which pipelines call it (`--buildkit-host`).").Texts(),
            CaFile = read.Key("ca_file", Own, "PEM file of the authority of its certificate. With any of the `_file` keys TLS is spoken.").Text(),
            CertFile = read.Key("cert_file", Own, "PEM file of our certificate, where it asks for one.").Text(),
            KeyFile = read.Key("key_file", Own, "PEM file of the key to it.").Text(),
            ServerName = read.Key("server_name", Own, "The name in its certificate, if that is not the address's host.").Text(),
            MaxParallel = (int)(read.Key("max_parallel", Own, "Builds at once, of all jobs together; further ones go to another builder or wait. Not set: no limit.").Number(0, 10_000) ?? 0),
            Platforms = read.Key("platforms", Own, "What it builds natively, for example `linux/arm64`. Not set: what it says itself, emulation included.").Texts(),
        };
        if (builder.Address.Length > 0 && !Array.Exists(Schemes, s => builder.Address.StartsWith(s, StringComparison.Ordinal)))
        {
            read.Problem("address", $"\"{builder.Address}\" is no address of a builder", "Write address = \"tcp://buildkitd.cicd.svc:1234\".");
        }

        if (builder.CertFile is null != builder.KeyFile is null)
        {
            read.Problem(builder.CertFile is null ? "cert_file" : "key_file", "certificate and key belong together", "Set both cert_file and key_file, or neither.");
        }

        return builder;
    }
}
