using System.Text;
using System.Text.Json;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Job;

/// <summary>
/// The registry logins of a job: those that GitLab gives it, over those of DOCKER_AUTH_CONFIG. The order is the one of the
/// built-in executor's resolver turned into "later wins".
/// </summary>
internal static class RegistryLogins
{
    public static IReadOnlyList<RegistryLogin> Of(IEnumerable<JobCredential> credentials, string? dockerAuthConfig, List<Failure> refusals)
    {
        var logins = new SortedDictionary<string, RegistryLogin>(StringComparer.Ordinal);
        foreach (var credential in credentials.Where(c => c.Type == "registry" && c.Url.Length > 0))
        {
            logins[credential.Url] = new RegistryLogin(credential.Url, credential.Username, credential.Password);
        }

        foreach (var login in FromDockerConfig(dockerAuthConfig, refusals))
        {
            logins[login.Registry] = login;
        }

        return [.. logins.Values];
    }

    private static List<RegistryLogin> FromDockerConfig(string? text, List<Failure> refusals)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return [];
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("auths", out var auths)
                ? [.. auths.EnumerateObject().Select(a => Login(a.Name, a.Value)).OfType<RegistryLogin>()]
                : [];
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            // Neither the value nor the exception's text, which may quote it, is shown.
            refusals.Add(new Failure(
                FailureKind.Job,
                "The variable DOCKER_AUTH_CONFIG is not a docker configuration",
                e is JsonException { LineNumber: { } line } ? $"it is no JSON at line {line + 1}" : "an entry of \"auths\" has no valid \"auth\"",
                "It must read {\"auths\": {\"registry.example.com\": {\"auth\": \"<base64 of user:password>\"}}}."));
            return [];
        }
    }

    private static RegistryLogin? Login(string registry, JsonElement entry)
    {
        if (entry.TryGetProperty("auth", out var auth) && auth.GetString() is { Length: > 0 } encoded)
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(encoded));
            var colon = pair.IndexOf(':', StringComparison.Ordinal);
            return colon < 0 ? throw new FormatException() : new RegistryLogin(registry, pair[..colon], pair[(colon + 1)..]);
        }

        return entry.TryGetProperty("username", out var user) && entry.TryGetProperty("password", out var password)
            ? new RegistryLogin(registry, user.GetString() ?? "", password.GetString() ?? "")
            : null;
    }
}
