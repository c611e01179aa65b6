using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PodExecutor.Agent.Images.Logins;

/// <summary>docker's config.json, and the variable DOCKER_AUTH_CONFIG, which holds the same text.</summary>
internal sealed class DockerConfig
{
    private const string DefaultHost = "unix:///var/run/docker.sock";

    private static readonly (string Key, string Argument)[] ProxyArguments =
        [("httpProxy", "HTTP_PROXY"), ("httpsProxy", "HTTPS_PROXY"), ("noProxy", "NO_PROXY"), ("ftpProxy", "FTP_PROXY"), ("allProxy", "ALL_PROXY")];

    private readonly JsonObject _root;
    private readonly string _source;

    private DockerConfig(JsonObject root, string source) => (_root, _source) = (root, source);

    /// <param name="source">For messages: the file's path or the variable's name. The text itself is never quoted.</param>
    /// <exception cref="ImageException">Not JSON, or not an object.</exception>
    public static DockerConfig Parse(string text, string source)
    {
        try
        {
            return new DockerConfig(JsonNode.Parse(string.IsNullOrWhiteSpace(text) ? "{}" : text)?.AsObject() ?? [], source);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            var where = e is JsonException { LineNumber: { } line } ? $"it is no JSON at line {line + 1}" : "it is no JSON object";
            throw new ImageException($"{source} is not a docker configuration: {where}. It must read {{\"auths\": {{\"registry.example.com\": {{\"auth\": \"<base64 of user:password>\"}}}}}}.");
        }
    }

    public static DockerConfig Read(string path) => Parse(File.Exists(path) ? File.ReadAllText(path) : "", path);

    /// <summary>Logins by canonical registry name.</summary>
    /// <exception cref="ImageException">An entry is not what docker writes.</exception>
    public IReadOnlyDictionary<string, RegistryLogin> Logins()
    {
        var logins = new Dictionary<string, RegistryLogin>(StringComparer.Ordinal);
        foreach (var (registry, entry) in _root["auths"] as JsonObject ?? [])
        {
            if (Login(registry, entry as JsonObject) is { } login)
            {
                logins[RegistryHost.Canonical(registry)] = login;
            }
        }

        return logins;
    }

    /// <summary>
    /// What docker gives a build as arguments: of the engine's address, else "default". BuildKit puts each into a step's environment in both spellings, and neither into the image nor into its cache keys.
    /// </summary>
    /// <param name="host">The engine's address as the job knows it, or null.</param>
    /// <exception cref="ImageException">A value is no text.</exception>
    public IReadOnlyList<KeyValuePair<string, string>> Proxies(string? host)
    {
        var all = _root["proxies"] as JsonObject ?? [];
        var own = (all[host ?? DefaultHost] ?? all["default"]) as JsonObject ?? [];
        try
        {
            return [.. ProxyArguments.Where(p => own[p.Key] is not null).Select(p => KeyValuePair.Create(p.Argument, own[p.Key]!.GetValue<string>())).Where(p => p.Value.Length > 0)];
        }
        catch (InvalidOperationException)
        {
            // The exception's text may quote the value, and that a password.
            throw new ImageException($"{_source}: \"proxies\" holds a value that is no text.");
        }
    }

    /// <summary>The program that keeps a registry's login ("ecr-login"), or null: credHelpers, else credsStore.</summary>
    public string? HelperOf(string registry)
    {
        var named = (_root["credHelpers"] as JsonObject ?? []).FirstOrDefault(h => RegistryHost.Canonical(h.Key) == registry).Value;
        return (named ?? _root["credsStore"])?.GetValue<string>() is { Length: > 0 } helper ? helper : null;
    }

    public void Set(string registry, RegistryLogin login)
    {
        var auths = _root["auths"] as JsonObject;
        if (auths is null)
        {
            _root["auths"] = auths = [];
        }

        Remove(registry);
        auths[RegistryHost.ConfigKey(registry)] = new JsonObject
        {
            ["auth"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.Username}:{login.Secret}")),
        };
    }

    /// <returns>Was there a login?</returns>
    public bool Remove(string registry)
    {
        var auths = _root["auths"] as JsonObject ?? [];
        var keys = auths.Select(a => a.Key).Where(k => RegistryHost.Canonical(k) == RegistryHost.Canonical(registry)).ToList();
        keys.ForEach(k => auths.Remove(k));
        return keys.Count > 0;
    }

    /// <summary>Written aside and moved into place, readable by its owner only; what else the file held stays. Whoever may not be alone calls <see cref="DockerConfigFile.Update"/>.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var fresh = $"{path}.{Guid.NewGuid():N}.new";
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        try
        {
            using (var file = new FileStream(fresh, create))
            using (var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true }))
            {
                _root.WriteTo(json);
            }

            File.Move(fresh, path, overwrite: true);
        }
        catch
        {
            File.Delete(fresh);
            throw;
        }
    }

    private RegistryLogin? Login(string registry, JsonObject? entry)
    {
        try
        {
            if (entry?["identitytoken"]?.GetValue<string>() is { Length: > 0 } token)
            {
                return new RegistryLogin("", token);
            }

            if (entry?["auth"]?.GetValue<string>() is { Length: > 0 } encoded)
            {
                var pair = Encoding.UTF8.GetString(Convert.FromBase64String(encoded)).TrimEnd('\0');
                var colon = pair.IndexOf(':', StringComparison.Ordinal);
                return colon < 0 ? throw new FormatException() : new RegistryLogin(pair[..colon], pair[(colon + 1)..]);
            }

            return entry?["username"]?.GetValue<string>() is { Length: > 0 } user ? new RegistryLogin(user, entry["password"]?.GetValue<string>() ?? "") : null;
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            // Neither the value nor the exception's text, which may quote it, is shown.
            throw new ImageException($"{_source}: the entry of {registry} has no valid \"auth\". It must be the base64 of user:password.");
        }
    }
}
