using PodExecutor.BuildKit.Ssh;

namespace PodExecutor.BuildKit;

/// <summary>An SSH agent that steps of a build may use through <c>RUN --mount=type=ssh</c>. Keys never leave it.</summary>
public abstract class SshAgent
{
    /// <summary>The agent behind a socket, as SSH_AUTH_SOCK names it.</summary>
    public static SshAgent FromSocket(string path) => new SocketSshAgent(path);

    /// <summary>An agent inside this process that holds these private keys: PEM or OpenSSH format, without passphrase.</summary>
    /// <exception cref="FormatException">A text is no such key, or needs a passphrase.</exception>
    public static SshAgent FromPrivateKeys(params IEnumerable<string> keys) => new KeySshAgent(keys);

    /// <summary>Opens one conversation in the agent protocol.</summary>
    internal abstract ValueTask<Stream> ConnectAsync(CancellationToken cancellation);
}
