namespace PodExecutor.Bench;

/// <summary>What run.sh tells us through the environment.</summary>
/// <param name="Driver">The published native pod-executor.</param>
/// <param name="Samples">How many of each side; null: as many as the topic thinks right.</param>
internal sealed record BenchSettings(string Driver, string Image, string HelperImage, int? Samples)
{
    public static BenchSettings FromEnvironment() => new(
        Existing(Given("POD_EXECUTOR_BINARY")),
        Environment.GetEnvironmentVariable("BENCH_IMAGE") ?? "docker.io/pex/debian:12",
        Environment.GetEnvironmentVariable("POD_EXECUTOR_HELPER_IMAGE") ?? "docker.io/pex/helper:dev",
        int.TryParse(Environment.GetEnvironmentVariable("BENCH_SAMPLES"), out var samples) && samples > 0 ? samples : null);

    /// <summary>The published native pod-agent.</summary>
    public static string Agent => Existing(Given("POD_AGENT_BINARY"));

    /// <summary>Of the cluster; the driver topic does without.</summary>
    public static string Kubeconfig => Existing(Given("KUBECONFIG"));

    /// <summary>The API server's audit log, one JSON line per request.</summary>
    public static string AuditLog => Existing(Given("POD_EXECUTOR_AUDIT_LOG"));

    /// <summary>Under which pods reach this machine.</summary>
    public static string NodeAddress => Given("POD_EXECUTOR_NODE_ADDRESS");

    /// <summary>The [cache] table of the S3 server that run.sh brought up.</summary>
    public static string CacheToml => $"""
        [cache]
        path = "bench-{Environment.ProcessId}"
        [cache.s3]
        server_address = "{Given("POD_EXECUTOR_S3_SERVER")}"
        bucket_name = "{Given("POD_EXECUTOR_S3_BUCKET")}"
        insecure = true
        access_key = "{Given("POD_EXECUTOR_S3_ACCESS_KEY")}"
        secret_key = "{Given("POD_EXECUTOR_S3_SECRET_KEY")}"
        """;

    /// <summary>The published native bench-builder.</summary>
    public static string Builder => Existing(Given("POD_EXECUTOR_BENCH_BUILDER"));

    public static string Buildx => Existing(Given("POD_EXECUTOR_BUILDX"));

    /// <summary>Where the daemon listens on 127.0.0.1, plain HTTP/2.</summary>
    public static int BuildKitPort => int.Parse(Given("POD_EXECUTOR_BUILDKIT_PORT"), System.Globalization.CultureInfo.InvariantCulture);

    private static string Given(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
        ? value
        : throw new BenchException($"{variable} is not set: start the benchmarks by bench/run.sh, which sets it.");

    private static string Existing(string file) => File.Exists(file) ? file : throw new BenchException($"{file} is not there.");
}
