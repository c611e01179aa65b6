using System.Collections;
using System.Text;
using System.Text.Json;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>
/// The environment of one call, later wins: runner's own → TMPDIR, exit codes, files → job_env → CUSTOM_ENV_*
/// (executors/custom/custom.go prepareCommand, command/command.go New). So job_env can overwrite TMPDIR but no CUSTOM_ENV_.
/// </summary>
internal static class CallEnvironment
{
    /// <param name="jobEnv">What config printed; null for config itself and after a failed one.</param>
    public static IReadOnlyCollection<string> Build(
        RunnerOptions options, string directory, JobPayload job, JobVariables variables, IReadOnlyDictionary<string, string>? jobEnv)
    {
        var environment = new Dictionary<string, string>(options.ProcessEnvironment ?? OwnEnvironment(), StringComparer.Ordinal)
        {
            ["TMPDIR"] = directory,
            ["BUILD_FAILURE_EXIT_CODE"] = $"{options.BuildFailureExitCode}",
            ["SYSTEM_FAILURE_EXIT_CODE"] = $"{options.SystemFailureExitCode}",
            ["JOB_RESPONSE_FILE"] = Path.Combine(directory, "response.json"),
        };
        if (options.HasExitCodeFile)
        {
            environment["BUILD_EXIT_CODE_FILE"] = Path.Combine(directory, "build_exit_code");
        }

        foreach (var (key, value) in jobEnv ?? new Dictionary<string, string>())
        {
            environment[key] = value;
        }

        foreach (var variable in variables.All)
        {
            environment["CUSTOM_ENV_" + variable.Key] = variables.Value(variable);
        }

        environment["CUSTOM_ENV_CI_JOB_SERVICES"] = Services(job, variables);
        return [.. environment.Select(e => $"{e.Key}={e.Value}")];
    }

    /// <summary>getCIJobServicesEnv: only the first alias, entrypoint and command as they were written.</summary>
    private static string Services(JobPayload job, JobVariables variables)
    {
        if (job.Services.Count == 0)
        {
            return "";
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var service in job.Services)
            {
                json.WriteStartObject();
                json.WriteString("name", variables.Expand(service.Name));
                json.WriteString("alias", variables.Expand(service.Alias ?? "").Split([' ', ','], 2)[0]);
                WriteStrings(json, "entrypoint", service.Entrypoint);
                WriteStrings(json, "command", service.Command);
                WriteVariables(json, service.Variables, variables);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string>? values)
    {
        if (values is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteVariables(Utf8JsonWriter json, IReadOnlyList<JobVariable>? own, JobVariables variables)
    {
        if (own is not { Count: > 0 })
        {
            return;
        }

        json.WriteStartObject("variables");
        foreach (var variable in own)
        {
            json.WriteString(variable.Key, variable.Raw ? variable.Value : variables.Expand(variable.Value));
        }

        json.WriteEndObject();
    }

    private static Dictionary<string, string> OwnEnvironment() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
}
