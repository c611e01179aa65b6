using System.Text.Json;
using System.Text.Json.Serialization;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>What config_exec may print (gitlab-runner executors/custom/api/config.go). Unknown keys are ignored, absent ones change nothing.</summary>
internal sealed record RunnerConfig
{
    public RunnerConfigDriver? Driver { get; init; }

    public string? Hostname { get; init; }

    public string? BuildsDir { get; init; }

    public string? CacheDir { get; init; }

    public bool? BuildsDirIsShared { get; init; }

    public IReadOnlyDictionary<string, string>? JobEnv { get; init; }

    public string? Shell { get; init; }

    /// <exception cref="JsonException">Anything but nothing at all or one JSON object.</exception>
    public static RunnerConfig Parse(ReadOnlySpan<byte> stdout) =>
        stdout.IsEmpty ? new RunnerConfig() : JsonSerializer.Deserialize(stdout, RunnerConfigJson.Default.RunnerConfig) ?? new RunnerConfig();
}

internal sealed record RunnerConfigDriver
{
    public string? Name { get; init; }

    public string? Version { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunnerConfig))]
internal sealed partial class RunnerConfigJson : JsonSerializerContext;
