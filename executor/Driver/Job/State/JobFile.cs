using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Job.State;

/// <summary>
/// What prepare decided, for the calls that follow: run and cleanup decide nothing again. <see cref="JobFileStore"/> reads and writes it.
/// Holds secrets: never printed.
/// </summary>
internal sealed record JobFile
{
    /// <summary>Of the file's format. A file of another version is not read.</summary>
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;

    public required PreparedPod Pod { get; init; }

    /// <summary>The pod's namespace was made for the job and is deleted with it.</summary>
    public bool OwnsNamespace { get; init; }

    public required ApiEndpoint Api { get; init; }

    public required CallSettings Settings { get; init; }

    public IReadOnlyList<ServiceState> Services { get; init; } = [];

    /// <summary>The job's first script has started: the services were waited for, and those that had ended were told.</summary>
    public bool ServicesPassed { get; init; }

    /// <summary>The containers whose logs the job log shows (CI_DEBUG_SERVICES).</summary>
    public IReadOnlyList<string> ShownServices { get; init; } = [];

    /// <summary>The operator has given a cache store: cache stages are ours.</summary>
    public bool HasCache { get; init; }

    /// <summary>The operator has named builders: the first stage takes their keys to the pod.</summary>
    public bool HasBuilders { get; init; }

    public string OptionsPath { get; init; } = "";

    /// <summary>The options file as prepare read it, for the stages that need more of it; null if none does.</summary>
    public string? OptionsText { get; init; }

    /// <summary>No runner works on the job after this: gc removes the file.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    public required LinkState Link { get; init; }

    /// <summary>The options that the job began with, whatever became of the file since.</summary>
    public ExecutorOptions ReadOptions() => OptionsFile.Load(OptionsText ?? throw new InvalidOperationException("The job has no use for options."), OptionsPath);

    public override string ToString() => $"{Pod.Namespace}/{Pod.Name}";
}

/// <summary>The options that run and cleanup use.</summary>
internal sealed record CallSettings
{
    /// <inheritdoc cref="KubernetesOptions.RetryBudget"/>
    public TimeSpan RetryBudget { get; init; }

    /// <inheritdoc cref="KubernetesOptions.RequestTimeout"/>
    public TimeSpan RequestTimeout { get; init; }

    /// <inheritdoc cref="KubernetesOptions.StopGrace"/>
    public TimeSpan StopGrace { get; init; }

    /// <inheritdoc cref="KubernetesOptions.CleanupGrace"/>
    public TimeSpan CleanupGrace { get; init; }

    /// <inheritdoc cref="KubernetesOptions.CleanupTimeout"/>
    public TimeSpan CleanupTimeout { get; init; }

    public TimeSpan ServicesTimeout { get; init; }

    public static CallSettings Of(KubernetesOptions options) => new()
    {
        RetryBudget = options.RetryBudget,
        RequestTimeout = options.RequestTimeout,
        StopGrace = options.StopGrace,
        CleanupGrace = options.CleanupGrace,
        CleanupTimeout = options.CleanupTimeout,
        ServicesTimeout = options.ServicesTimeout,
    };
}

/// <summary>A service, as far as its readiness is concerned.</summary>
/// <param name="Image">For messages.</param>
/// <param name="Ports">TCP ports on which it must listen before the job's script starts.</param>
internal sealed record ServiceState(string Container, string Image, IReadOnlyList<int> Ports);
