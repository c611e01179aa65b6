namespace PodExecutor.BuildKit;

/// <summary>
/// One build: what is built, of what, and where the result goes. It names things as BuildKit does; <see cref="DockerfileOptions"/>
/// makes the options of a Dockerfile build.
/// </summary>
public sealed record SolveRequest
{
    /// <summary>Unique among the daemon's running builds. Under this name the build's progress can be asked for.</summary>
    public string Ref { get; init; } = Guid.NewGuid().ToString("N");

    /// <summary><c>dockerfile.v0</c>, built into every daemon, or <c>gateway.v0</c> with the option <c>source</c>; empty with a definition.</summary>
    public string Frontend { get; init; } = "dockerfile.v0";

    /// <summary>The frontend's options: <c>filename</c>, <c>target</c>, <c>build-arg:NAME</c>…</summary>
    public IReadOnlyDictionary<string, string> FrontendOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>A marshalled <c>pb.Definition</c> (LLB), instead of a frontend.</summary>
    public ReadOnlyMemory<byte> Definition { get; init; }

    /// <summary>Marshalled <c>pb.Definition</c>s that the frontend takes as inputs; "context" and "dockerfile" replace the folders.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> FrontendInputs { get; init; } = new Dictionary<string, ReadOnlyMemory<byte>>();

    /// <summary>Where the result goes. Empty: nowhere but into the daemon's cache.</summary>
    public IReadOnlyList<Export> Exports { get; init; } = [];

    public IReadOnlyList<CacheEntry> CacheExports { get; init; } = [];

    /// <summary>A cache that cannot be read makes a step of the progress fail, not the build.</summary>
    public IReadOnlyList<CacheEntry> CacheImports { get; init; } = [];

    /// <summary>"network.host", "security.insecure": what the Dockerfile may ask for. The daemon must allow it as well.</summary>
    public IReadOnlyList<string> Entitlements { get; init; } = [];

    /// <summary>A marshalled <c>moby.buildkit.v1.sourcepolicy.Policy</c>.</summary>
    public ReadOnlyMemory<byte> SourcePolicy { get; init; }

    /// <summary>Not kept in the daemon's history.</summary>
    public bool Internal { get; init; }

    /// <summary>Folders by the names that the frontend calls them: "context", "dockerfile", others of named contexts.</summary>
    public IReadOnlyDictionary<string, LocalDirectory> LocalDirectories { get; init; } = new Dictionary<string, LocalDirectory>();

    /// <summary>
    /// Keeps apart what the daemon remembers of earlier transfers: stable for one checkout of one project, different for others. null:
    /// made of the folders' own paths.
    /// </summary>
    /// <remarks>A file whose size and modification time have not changed is not sent again under the same key.</remarks>
    public string? SharedKey { get; init; }

    /// <summary>Secrets by id, for <c>RUN --mount=type=secret</c>.</summary>
    public IReadOnlyDictionary<string, SecretSource> Secrets { get; init; } = new Dictionary<string, SecretSource>();

    /// <summary>SSH agents by id, for <c>RUN --mount=type=ssh</c>; the usual id is "default".</summary>
    public IReadOnlyDictionary<string, SshAgent> SshAgents { get; init; } = new Dictionary<string, SshAgent>();

    /// <summary>Logs into registries; null: anonymous.</summary>
    public IRegistryAuth? RegistryAuth { get; init; }

    /// <summary>OCI layouts by the names that contexts of the form <c>oci-layout://NAME@sha256:…</c> use.</summary>
    public IReadOnlyDictionary<string, string> OciLayouts { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Streams that the daemon fetches once as <c>http://buildkit-session/ID</c>: a context that comes by stdin is an upload whose address
    /// is the option <c>context</c>.
    /// </summary>
    public IReadOnlyDictionary<string, Stream> Uploads { get; init; } = new Dictionary<string, Stream>();
}
