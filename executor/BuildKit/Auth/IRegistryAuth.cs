namespace PodExecutor.BuildKit;

/// <summary>Answers the daemon's questions for registry logins while a build runs.</summary>
public interface IRegistryAuth
{
    /// <summary>
    /// The login for a registry, or null for none. Called often; with <see cref="RegistryTokens.OnTheClient"/> passwords do not go to the daemon.
    /// </summary>
    /// <param name="host">"registry.example.com", "127.0.0.1:5000"; Docker Hub is "registry-1.docker.io".</param>
    ValueTask<RegistryCredential?> GetCredentialAsync(string host, CancellationToken cancellation);

    /// <summary>Who fetches bearer tokens.</summary>
    RegistryTokens Tokens => RegistryTokens.OnTheClient;
}

/// <summary>A login. An empty user name with a secret: an identity (refresh) token.</summary>
public sealed record RegistryCredential(string UserName, string Secret)
{
    /// <summary>Never the secret.</summary>
    public override string ToString() => $"login of \"{UserName}\"";
}

/// <summary>Who asks the registry's token server.</summary>
public enum RegistryTokens
{
    /// <summary>This client: the daemon gets tokens for one scope, never the password. Needs the token server to be reachable from here.</summary>
    OnTheClient,

    /// <summary>The daemon, with the password.</summary>
    InDaemon,
}
