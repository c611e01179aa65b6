namespace PodExecutor.Agent.Images.Logins;

/// <summary>The many ways in which logins, images and the builder name one registry, as one.</summary>
internal static class RegistryHost
{
    /// <summary>"https://index.docker.io/v1/", "registry-1.docker.io" and "docker.io" are the same; a scheme, a path and a default port do not count.</summary>
    public static string Canonical(string name)
    {
        var host = name.Trim();
        var secure = !host.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
        var scheme = host.IndexOf("://", StringComparison.Ordinal);
        host = scheme < 0 ? host : host[(scheme + 3)..];
        var slash = host.IndexOf('/', StringComparison.Ordinal);
        host = (slash < 0 ? host : host[..slash]).ToLowerInvariant();
        var port = secure ? ":443" : ":80";
        host = host.EndsWith(port, StringComparison.Ordinal) ? host[..^port.Length] : host;
        return host is "index.docker.io" or "registry-1.docker.io" or "registry.hub.docker.com" or "" ? References.ImageReference.DockerHub : host;
    }

    /// <summary>The key under which docker keeps a registry's login.</summary>
    public static string ConfigKey(string registry) => Canonical(registry) == References.ImageReference.DockerHub ? "https://index.docker.io/v1/" : registry.Trim();
}
