using System.Text;
using System.Text.Json;
using k8s.Models;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>The Secrets of a job. Pure.</summary>
internal static class JobSecrets
{
    /// <summary>A secret key may not hold everything that a variable's name may; the index keeps two services apart.</summary>
    public static string ServiceKey(int service, string variable) => $"{service}.{variable}";

    /// <summary>The registry logins, or null if there are none. Lives as long as the pod.</summary>
    public static V1Secret? Pull(JobPlan plan) => plan.Logins.Count == 0 ? null : Secret(
        plan,
        PodName.PullSecret(plan.Pod.Name),
        "kubernetes.io/dockerconfigjson",
        new Dictionary<string, byte[]> { [".dockerconfigjson"] = DockerConfig(plan.Logins) });

    /// <summary>The services' environment, or null if there is none. Deleted as soon as the containers have started.</summary>
    public static V1Secret? Services(JobPlan plan)
    {
        var data = new Dictionary<string, byte[]>();
        for (var i = 0; i < plan.Services.Count; i++)
        {
            foreach (var (name, value) in plan.Services[i].Variables)
            {
                data[ServiceKey(i, name)] = Encoding.UTF8.GetBytes(value);
            }
        }

        return data.Count == 0 ? null : Secret(plan, PodName.ServiceSecret(plan.Pod.Name), "Opaque", data);
    }

    private static V1Secret Secret(JobPlan plan, string name, string type, Dictionary<string, byte[]> data) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Type = type,
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = plan.Pod.Namespace, Labels = plan.Labels.ToDictionary() },
        Data = data,
    };

    private static byte[] DockerConfig(IEnumerable<RegistryLogin> logins)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("auths");
            foreach (var login in logins)
            {
                json.WriteStartObject(login.Registry);
                json.WriteString("username", login.Username);
                json.WriteString("password", login.Password);
                json.WriteBase64String("auth", Encoding.UTF8.GetBytes($"{login.Username}:{login.Password}"));
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
