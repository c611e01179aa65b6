namespace PodExecutor.Driver.Options;

/// <summary>Paths of a node by which a container has the node.</summary>
internal static class HostSockets
{
    /// <summary>The sockets of the common runtimes and builders, below /run, which /var/run is a link to.</summary>
    private static readonly string[] Known =
        ["/run/docker.sock", "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/podman/podman.sock", "/run/buildkit/buildkitd.sock", "/run/k3s/containerd/containerd.sock"];

    /// <summary>True for a socket by its name, and for a directory that holds one of the known ones.</summary>
    public static bool Covers(string path)
    {
        var full = Path.GetFullPath("/" + path);
        full = full.StartsWith("/var/run", StringComparison.Ordinal) ? full["/var".Length..] : full;
        full = full.Length > 1 ? full.TrimEnd('/') : full;
        return full.EndsWith(".sock", StringComparison.Ordinal)
            || full is "/" or "/var"
            || Array.Exists(Known, k => k == full || k.StartsWith(full + "/", StringComparison.Ordinal));
    }
}
