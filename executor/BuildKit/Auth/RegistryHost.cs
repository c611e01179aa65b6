namespace PodExecutor.BuildKit;

/// <summary>The one registry that goes by many names.</summary>
public static class RegistryHost
{
    public const string DockerHub = "registry-1.docker.io";

    /// <summary>The host by which the daemon asks for a login, from any form that configuration files have: with a scheme, a path, Docker Hub's aliases.</summary>
    public static string Normalize(string host)
    {
        var scheme = host.IndexOf("://", StringComparison.Ordinal);
        var bare = scheme < 0 ? host : host[(scheme + 3)..];
        var slash = bare.IndexOf('/', StringComparison.Ordinal);
        bare = slash < 0 ? bare : bare[..slash];
        return bare is "docker.io" or "index.docker.io" or "registry.docker.io" ? DockerHub : bare;
    }
}
