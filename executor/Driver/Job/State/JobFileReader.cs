using System.Text.Json;
using PodExecutor.Driver.Cluster;

namespace PodExecutor.Driver.Job.State;

/// <summary>Reads what <see cref="JobFileJson"/> writes.</summary>
internal static class JobFileReader
{
    /// <returns>Null if the file is damaged or of another version. An exception would quote its content, which is secret.</returns>
    public static JobFile? Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var job = json.RootElement;
            return job.GetProperty("version").GetInt32() == JobFile.CurrentVersion ? Job(job) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static JobFile Job(JsonElement job) => new()
    {
        Pod = new PreparedPod(Text(job, "namespace"), Text(job, "pod")),
        OwnsNamespace = job.GetProperty("ownsNamespace").GetBoolean(),
        HasCache = job.GetProperty("hasCache").GetBoolean(),
        HasBuilders = job.GetProperty("hasBuilders").GetBoolean(),
        ServicesPassed = job.GetProperty("servicesPassed").GetBoolean(),
        OptionsPath = Text(job, "optionsPath"),
        OptionsText = Optional(job, "optionsText"),
        ExpiresAt = job.GetProperty("expiresAt").GetDateTimeOffset(),
        ShownServices = [.. job.GetProperty("shownServices").EnumerateArray().Select(s => s.GetString()!)],
        Services = [.. job.GetProperty("services").EnumerateArray().Select(Service)],
        Settings = Settings(job.GetProperty("settings")),
        Api = Api(job.GetProperty("api")),
        Link = Link(job.GetProperty("link")),
    };

    private static ServiceState Service(JsonElement service) =>
        new(Text(service, "container"), Text(service, "image"), [.. service.GetProperty("ports").EnumerateArray().Select(p => p.GetInt32())]);

    private static CallSettings Settings(JsonElement settings)
    {
        TimeSpan Time(string name) => TimeSpan.FromTicks(settings.GetProperty(name).GetInt64());
        return new CallSettings
        {
            RetryBudget = Time("retryBudget"),
            RequestTimeout = Time("requestTimeout"),
            StopGrace = Time("stopGrace"),
            CleanupGrace = Time("cleanupGrace"),
            CleanupTimeout = Time("cleanupTimeout"),
            ServicesTimeout = Time("servicesTimeout"),
        };
    }

    private static ApiEndpoint Api(JsonElement api) => new()
    {
        Server = new Uri(Text(api, "server")),
        Insecure = api.GetProperty("insecure").GetBoolean(),
        Authorities = Optional(api, "authorities"),
        ServerName = Optional(api, "serverName"),
        Certificate = Optional(api, "certificate"),
        Key = Optional(api, "key"),
        CertificateFile = Optional(api, "certificateFile"),
        KeyFile = Optional(api, "keyFile"),
        Token = Optional(api, "token"),
        TokenFile = Optional(api, "tokenFile"),
        Username = Optional(api, "username"),
        Password = Optional(api, "password"),
        Plugin = Optional(api, "kubeconfig") is { } file ? new KubeconfigReference(file, Optional(api, "context")) : null,
    };

    private static LinkState Link(JsonElement link) => new()
    {
        Key = link.GetProperty("key").GetBytesFromBase64() is { Length: > 0 } key ? key : throw new FormatException("The key is empty."),
        Transport = link.GetProperty("exec").GetBoolean() ? LinkTransport.Exec : LinkTransport.Auto,
        Ports = link.GetProperty("ports").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32()),
    };

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null.");

    private static string? Optional(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;
}
