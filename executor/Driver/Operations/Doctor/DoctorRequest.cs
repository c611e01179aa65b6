namespace PodExecutor.Driver.Operations.Doctor;

/// <summary>What doctor was asked for.</summary>
/// <param name="OptionsFile">The executor's options file.</param>
/// <param name="RunnerConfig">gitlab-runner's config.toml; null: not looked at.</param>
/// <param name="StartPod">Whether a job's pod is really started; it is gone afterwards.</param>
internal sealed record DoctorRequest(string OptionsFile, string? RunnerConfig, bool StartPod);
