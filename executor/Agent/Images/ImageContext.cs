namespace PodExecutor.Agent.Images;

/// <summary>What the image commands may touch of their process: the edge reads it once, tests make their own.</summary>
/// <param name="Name">What the program was called: image-build, docker or nerdctl.</param>
/// <param name="Directory">Where it was called, absolute.</param>
/// <param name="Variable">The job's variables.</param>
internal sealed record ImageContext(string Name, string Directory, Func<string, string?> Variable, TimeProvider Time)
{
    /// <summary>Set for every stage by the supervisor: where recipes are kept, of this job alone and outside the project's folder.</summary>
    public const string StateVariable = "POD_EXECUTOR_IMAGES";

    /// <summary>For answers that scripts read.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>For people: progress and messages, as docker does.</summary>
    public required TextWriter Log { get; init; }

    public required Func<Stream> OpenInput { get; init; }

    public required Func<Stream> OpenOutput { get; init; }

    public bool OutputIsTerminal { get; init; }

    public string StateDirectory => Given(StateVariable) ?? Path.Combine(Path.GetTempPath(), "pod-executor-images");

    public string DockerConfigPath => Path.Combine(Given("DOCKER_CONFIG") ?? Path.Combine(Given("HOME") ?? "/root", ".docker"), "config.json");

    /// <summary>A PEM bundle that is trusted besides the system's, or null.</summary>
    public string? ExtraAuthority => Given("CI_SERVER_TLS_CA_FILE") is { } file && File.Exists(At(file)) ? At(file) : null;

    /// <summary>`docker --config FOLDER`: as if the variable had it.</summary>
    public ImageContext WithConfig(string folder)
    {
        var (path, variable) = (At(folder), Variable);
        return this with { Variable = name => name == "DOCKER_CONFIG" ? path : variable(name) };
    }

    public bool InGitLab => Variable("GITLAB_CI") is { Length: > 0 };

    /// <summary>A variable's value; empty is as good as not set.</summary>
    public string? Given(string name) => Variable(name) is { Length: > 0 } value ? value : null;

    public string At(string path) => Path.GetFullPath(Path.Combine(Directory, path));

    public void Warn(string text) => Log.WriteLine($"WARNING: {text}");

    /// <exception cref="ImageException">The current folder is gone.</exception>
    public static ImageContext OfThisProcess(string name, TimeProvider time) => new(name, CurrentDirectory(), Environment.GetEnvironmentVariable, time)
    {
        Output = Console.Out,
        Log = Console.Error,
        OpenInput = Console.OpenStandardInput,
        OpenOutput = Console.OpenStandardOutput,
        OutputIsTerminal = !Console.IsOutputRedirected,
    };

    private static string CurrentDirectory()
    {
        try
        {
            return Environment.CurrentDirectory;
        }
        catch (IOException e)
        {
            throw new ImageException("The folder that this was called in has been removed. Change to another one first: cd \"$CI_PROJECT_DIR\".", ImageExit.Failure, e);
        }
    }
}
