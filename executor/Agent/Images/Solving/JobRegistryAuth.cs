using PodExecutor.Agent.Images.Logins;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Solving;

/// <summary>Answers the builder's questions for logins from the job's book, and remembers what was asked: for the message about a refused push.</summary>
internal sealed class JobRegistryAuth(LoginBook book) : IRegistryAuth
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>In the builder: it must reach the registry anyway, while a job's pod often cannot reach its token server.</summary>
    public RegistryTokens Tokens => RegistryTokens.InDaemon;

    public IReadOnlyList<string> Asked
    {
        get
        {
            lock (_lock)
            {
                return [.. _asked];
            }
        }
    }

    public ValueTask<RegistryCredential?> GetCredentialAsync(string host, CancellationToken cancellation)
    {
        lock (_lock)
        {
            _asked.Add(Logins.RegistryHost.Canonical(host));
        }

        return ValueTask.FromResult(book.Find(host) is { } login ? new RegistryCredential(login.Username, login.Secret) : null);
    }
}
