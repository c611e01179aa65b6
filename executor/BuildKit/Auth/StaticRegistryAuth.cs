namespace PodExecutor.BuildKit;

/// <summary>Logins by host.</summary>
public sealed class StaticRegistryAuth : IRegistryAuth
{
    private readonly Dictionary<string, RegistryCredential> _byHost;

    /// <param name="byHost">Hosts as in an image's name, with the port if there is one; "docker.io" is Docker Hub.</param>
    public StaticRegistryAuth(IReadOnlyDictionary<string, RegistryCredential> byHost, RegistryTokens tokens = RegistryTokens.OnTheClient)
    {
        _byHost = byHost.ToDictionary(login => RegistryHost.Normalize(login.Key), login => login.Value, StringComparer.OrdinalIgnoreCase);
        Tokens = tokens;
    }

    public RegistryTokens Tokens { get; }

    public ValueTask<RegistryCredential?> GetCredentialAsync(string host, CancellationToken cancellation) =>
        ValueTask.FromResult(_byHost.GetValueOrDefault(RegistryHost.Normalize(host)));
}
