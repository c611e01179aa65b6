using System.Text.Json.Serialization;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>Where a build's files come from, looked up.</summary>
/// <param name="Directory">The context as a folder of this pod, or null.</param>
/// <param name="Address">The context as something that the builder fetches itself, or null.</param>
/// <param name="DockerfileDirectory">The folder of the Dockerfile, or null where it is inside a fetched context.</param>
/// <param name="Dockerfile">Its name in that folder, or in the fetched context.</param>
internal sealed record BuildSources(string? Directory, string? Address, string? DockerfileDirectory, string Dockerfile)
{
    /// <summary>Where a builder fetches what comes over the build's own session.</summary>
    private const string Session = "http://buildkit-session/";

    private const string Usual = "Dockerfile";

    /// <summary>The second one is docker's courtesy to careless hands, the third nerdctl's and buildah's.</summary>
    private static readonly string[] DefaultNames = [Usual, "dockerfile", "Containerfile"];

    /// <summary>--build-context NAME=VALUE: folders of this pod among them.</summary>
    public IReadOnlyDictionary<string, string> NamedDirectories { get; init; } = new Dictionary<string, string>();

    /// <summary>--build-context NAME=oci-layout://…: images in folders of this pod.</summary>
    public IReadOnlyDictionary<string, OciLayoutContext> NamedLayouts { get; init; } = new Dictionary<string, OciLayoutContext>();

    /// <summary>An archive in this pod that the builder fetches over the session and unpacks, or null.</summary>
    public string? Upload { get; init; }

    /// <summary>The id by which the builder asks for <see cref="Upload"/>.</summary>
    [JsonIgnore]
    public string UploadId => Address![Session.Length..];

    public static BuildSources OfUpload(string archive, string id, string dockerfile) => new(null, Session + id, null, dockerfile) { Upload = archive };

    /// <summary>
    /// Looks at the file system and, for "-", at stdin: a Dockerfile on stdin is put into <paramref name="stdinDirectory"/>, a tar is unpacked there.
    /// </summary>
    /// <exception cref="ImageException">Something named is not there.</exception>
    public static async Task<BuildSources> FindAsync(BuildRequest request, ImageContext context, string stdinDirectory, CancellationToken cancel)
    {
        if (request.File is { } file && (file.StartsWith("http://", StringComparison.Ordinal) || file.StartsWith("https://", StringComparison.Ordinal)))
        {
            throw new ImageException($"-f {file}: a Dockerfile is not fetched. Fetch it first (curl -fsSLo /tmp/Dockerfile ADDRESS), then -f /tmp/Dockerfile; or give the address as the build context.", ImageExit.Usage);
        }

        var main = request.Context == "-"
            ? await StdinContext.ReadAsync(request, context, stdinDirectory, cancel)
            : System.IO.Directory.Exists(context.At(request.Context)) ? await LocalAsync(request, context, stdinDirectory, cancel)
            : IsAddress(request.Context) ? Remote(request)
            : throw new ImageException(File.Exists(context.At(request.Context))
                ? $"The build context {request.Context} is a file. Give the folder, and the Dockerfile by -f {request.Context}."
                : $"The build context {request.Context} does not exist in {context.Directory}.");
        DockerfileText.Require(main, context.Warn);
        var layouts = new Dictionary<string, OciLayoutContext>(StringComparer.Ordinal);
        foreach (var (name, value) in request.Contexts.Where(c => OciLayoutContext.IsMeant(c.Value)))
        {
            layouts[name] = await OciLayoutContext.FindAsync(name, value, context, cancel);
        }

        return main with
        {
            NamedLayouts = layouts,
            NamedDirectories = request.Contexts.Where(c => IsFolder(c.Value)).ToDictionary(c => c.Key, c => Existing(c, context), StringComparer.Ordinal),
        };
    }

    private static async Task<BuildSources> LocalAsync(BuildRequest request, ImageContext context, string stdinDirectory, CancellationToken cancel)
    {
        var directory = context.At(request.Context);
        if (request.File == "-")
        {
            return new BuildSources(directory, null, await StdinContext.DockerfileAsync(context, stdinDirectory, cancel), "Dockerfile");
        }

        if (request.File is { } given)
        {
            var file = Found(context.At(given));
            return File.Exists(file)
                ? new BuildSources(directory, null, Path.GetDirectoryName(file), Path.GetFileName(file))
                : throw new ImageException($"The Dockerfile {given} does not exist in {context.Directory} (-f is relative to the current folder, not to the build context).");
        }

        return Array.Find(DefaultNames, n => File.Exists(Path.Combine(directory, n))) is { } name
            ? new BuildSources(directory, null, directory, name)
            : throw new ImageException($"There is no Dockerfile in {directory}. Name it with -f FILE if it has another name or place.");
    }

    // docker: "dockerfile" does for "Dockerfile".
    private static string Found(string path) => !File.Exists(path) && Path.GetFileName(path) == Usual && Path.Combine(Path.GetDirectoryName(path)!, "dockerfile") is var small && File.Exists(small) ? small : path;

    private static BuildSources Remote(BuildRequest request) => request.File == "-"
        ? throw new ImageException("A Dockerfile from stdin needs a folder as build context.", ImageExit.Usage)
        : new BuildSources(null, request.Context, null, request.File ?? "Dockerfile");

    // docker/buildx build/git and moby builder/remotecontext/urlutil.
    private static bool IsAddress(string text) => Array.Exists(
        ["http://", "https://", "git://", "ssh://", "github.com/", "git@"], prefix => text.StartsWith(prefix, StringComparison.Ordinal));

    private static bool IsFolder(string value) => !value.Contains("://", StringComparison.Ordinal) && !value.StartsWith("git@", StringComparison.Ordinal)
        && !value.StartsWith("target:", StringComparison.Ordinal);

    private static string Existing(KeyValuePair<string, string> named, ImageContext context) => System.IO.Directory.Exists(context.At(named.Value))
        ? context.At(named.Value)
        : throw new ImageException($"--build-context {named.Key}={named.Value}: the folder does not exist in {context.Directory}. For an image write docker-image://NAME.");
}
