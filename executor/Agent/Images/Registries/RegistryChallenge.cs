using System.Net.Http.Headers;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>
/// How a registry wants to be asked, as it says with 401: <c>Bearer realm="https://gitlab.example.com/jwt/auth",service="container_registry",scope="…"</c>
/// https://distribution.github.io/distribution/spec/auth/token/
/// </summary>
/// <param name="Realm">Of the token server; null: the login itself is sent (Basic).</param>
internal sealed record RegistryChallenge(Uri? Realm, string Service)
{
    /// <exception cref="HttpRequestException">It asks for a token and does not say where to get it.</exception>
    public static RegistryChallenge Read(HttpResponseMessage response)
    {
        if (response.Headers.WwwAuthenticate.FirstOrDefault(h => h.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) is not { } bearer)
        {
            return new RegistryChallenge(null, "");
        }

        var fields = Fields(bearer.Parameter ?? "");
        return Uri.TryCreate(fields.GetValueOrDefault("realm"), UriKind.Absolute, out var realm) && realm.Scheme is "https" or "http"
            ? new RegistryChallenge(realm, fields.GetValueOrDefault("service") ?? "")
            : throw new HttpRequestException("it asks for a token and names no realm");
    }

    private static Dictionary<string, string> Fields(string parameters)
    {
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

        foreach (var part in Split(parameters))
        {
            if (NameValueHeaderValue.TryParse(part, out var pair))
            {
                fields[pair.Name] = pair.Value?.Trim('"') ?? "";
            }
        }

        return fields;
    }

    // A comma within quotes, as in "pull,push", ends nothing.
    private static IEnumerable<string> Split(string text)
    {
        var (start, inQuotes) = (0, false);
        for (var i = 0; i < text.Length; i++)
        {
            inQuotes ^= text[i] == '"';
            if (text[i] == ',' && !inQuotes)
            {
                yield return text[start..i].Trim();
                start = i + 1;
            }
        }

        yield return text[start..].Trim();
    }
}
