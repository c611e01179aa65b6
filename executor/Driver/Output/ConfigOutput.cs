using System.Text.Json;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Output;

/// <summary>The JSON that config prints, the only thing on its stdout. Source: gitlab-runner executors/custom/api/config.go.</summary>
internal static class ConfigOutput
{
    public static void Write(Stream stdout, JobPlan plan)
    {
        using var json = new Utf8JsonWriter(stdout);
        json.WriteStartObject();
        json.WriteStartObject("driver");
        json.WriteString("name", PodMetadata.Product);
        json.WriteString("version", DriverVersion.Text);
        json.WriteEndObject();
        json.WriteString("builds_dir", PodLayout.BuildsDirectory);
        json.WriteString("cache_dir", PodLayout.CacheDirectory);

        // Each job has its pod: /builds/<group>/<project>, as with the built-in Kubernetes executor. On a volume of the operator's
        // other jobs may be: then /builds/<runner>/<number among the jobs at once>/<group>/<project>.
        json.WriteBoolean("builds_dir_is_shared", plan.SharesBuilds);
        json.WriteString("shell", "bash");
        json.WriteStartObject("job_env");
        foreach (var (name, value) in JobRequest.Remember(plan.Pod))
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
