using System.Text.Json;
using PodExecutor.Driver.Cluster;

namespace PodExecutor.Driver.Job.State;

/// <summary>
/// The job file as JSON, written and read by hand: the generated serializer's set-up costs 80 page faults, this costs 19, and each call
/// of a job reads the file (docs/adr/0034-a-light-process-per-call.md).
/// </summary>
internal static class JobFileJson
{
    public static byte[] Write(JobFile job)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("version", job.Version);
            json.WriteString("namespace", job.Pod.Namespace);
            json.WriteString("pod", job.Pod.Name);
            json.WriteBoolean("ownsNamespace", job.OwnsNamespace);
            json.WriteBoolean("hasCache", job.HasCache);
            json.WriteBoolean("hasBuilders", job.HasBuilders);
            json.WriteBoolean("servicesPassed", job.ServicesPassed);
            json.WriteString("optionsPath", job.OptionsPath);
            Optional(json, "optionsText", job.OptionsText);
            json.WriteString("expiresAt", job.ExpiresAt);
            Strings(json, "shownServices", job.ShownServices);
            Services(json, job.Services);
            Settings(json, job.Settings);
            Api(json, job.Api);
            Link(json, job.Link);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private static void Services(Utf8JsonWriter json, IReadOnlyList<ServiceState> services)
    {
        json.WriteStartArray("services");
        foreach (var service in services)
        {
            json.WriteStartObject();
            json.WriteString("container", service.Container);
            json.WriteString("image", service.Image);
            json.WriteStartArray("ports");
            foreach (var port in service.Ports)
            {
                json.WriteNumberValue(port);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Settings(Utf8JsonWriter json, CallSettings settings)
    {
        json.WriteStartObject("settings");
        json.WriteNumber("retryBudget", settings.RetryBudget.Ticks);
        json.WriteNumber("requestTimeout", settings.RequestTimeout.Ticks);
        json.WriteNumber("stopGrace", settings.StopGrace.Ticks);
        json.WriteNumber("cleanupGrace", settings.CleanupGrace.Ticks);
        json.WriteNumber("cleanupTimeout", settings.CleanupTimeout.Ticks);
        json.WriteNumber("servicesTimeout", settings.ServicesTimeout.Ticks);
        json.WriteEndObject();
    }

    private static void Api(Utf8JsonWriter json, ApiEndpoint api)
    {
        json.WriteStartObject("api");
        json.WriteString("server", api.Server.AbsoluteUri);
        json.WriteBoolean("insecure", api.Insecure);
        Optional(json, "authorities", api.Authorities);
        Optional(json, "serverName", api.ServerName);
        Optional(json, "certificate", api.Certificate);
        Optional(json, "key", api.Key);
        Optional(json, "certificateFile", api.CertificateFile);
        Optional(json, "keyFile", api.KeyFile);
        Optional(json, "token", api.Token);
        Optional(json, "tokenFile", api.TokenFile);
        Optional(json, "username", api.Username);
        Optional(json, "password", api.Password);
        Optional(json, "kubeconfig", api.Plugin?.File);
        Optional(json, "context", api.Plugin?.Context);
        json.WriteEndObject();
    }

    private static void Link(Utf8JsonWriter json, LinkState link)
    {
        json.WriteStartObject("link");
        json.WriteBase64String("key", link.Key);
        json.WriteBoolean("exec", link.Transport == LinkTransport.Exec);
        json.WriteStartObject("ports");
        foreach (var (container, port) in link.Ports)
        {
            json.WriteNumber(container, port);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void Optional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
