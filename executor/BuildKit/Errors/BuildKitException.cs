namespace PodExecutor.BuildKit;

/// <summary>Whatever goes wrong between this client and a daemon, or in a build.</summary>
public class BuildKitException : Exception
{
    public BuildKitException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>The daemon cannot be reached, or the connection to it broke. Trying again may help.</summary>
public sealed class DaemonUnreachableException(BuildKitEndpoint endpoint, string why, Exception? inner = null)
    : BuildKitException($"The BuildKit daemon at {endpoint} cannot be reached: {why}", inner)
{
    public BuildKitEndpoint Endpoint { get; } = endpoint;
}

/// <summary>The daemon lacks an ability that the request needs. The message says which and from which version on it is there.</summary>
public sealed class NotSupportedByDaemonException(string message, Exception? inner = null) : BuildKitException(message, inner);

/// <summary>A folder or file of this machine could not be read, sent or written.</summary>
public sealed class LocalFileException(string path, string message, Exception? inner = null) : BuildKitException(message, inner)
{
    public string Path { get; } = path;
}

/// <summary>A build that tells its daemon what was recorded (<see cref="SyncRecord"/>) was asked for more: a file that has changed since, or another part of the folder.</summary>
public sealed class SyncRecordException(string path, string message, Exception? inner = null) : BuildKitException(message, inner)
{
    public string Path { get; } = path;
}

/// <summary>The session, by which the daemon reads this machine's files and secrets, broke while the build needed it.</summary>
public sealed class SessionLostException(string message, Exception? inner = null) : BuildKitException(message, inner);

/// <summary>The build itself failed: a command, a missing file, a Dockerfile's mistake, a registry's refusal.</summary>
public sealed class BuildFailedException(string message, Exception? inner = null) : BuildKitException(message, inner)
{
    /// <summary>The gRPC status; UNKNOWN (2) for most failures.</summary>
    public int StatusCode { get; init; }

    /// <summary>The exit code of the RUN that failed; null for other failures.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Digest of the step that failed; null where the daemon does not say.</summary>
    public string? VertexDigest { get; init; }

    /// <summary>The place in the Dockerfile; null where the daemon does not say.</summary>
    public SourceExcerpt? Location { get; init; }
}
