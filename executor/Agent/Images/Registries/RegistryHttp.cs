using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>How a registry is spoken to from this pod: where, and whom to trust.</summary>
internal static class RegistryHttp
{
    /// <summary>docker's own place for the authorities of one registry.</summary>
    private const string DockerCertificates = "/etc/docker/certs.d";

    /// <summary>Host and port as in a URL.</summary>
    public static string Host(string registry) => RegistryHost.Canonical(registry) is var host && host == ImageReference.DockerHub ? "registry-1.docker.io" : host;

    /// <summary>The API's root: with TLS, and where that may be, without.</summary>
    public static IReadOnlyList<Uri> Roots(string registry, bool insecure)
    {
        var host = Host(registry);
        if (registry.StartsWith("http://", StringComparison.Ordinal))
        {
            return [Root("http")];
        }

        // docker: registries on this machine may be plain without asking.
        return insecure || host.Split(':')[0] is "localhost" or "127.0.0.1" ? [Root("https"), Root("http")] : [Root("https")];

        Uri Root(string scheme) => new($"{scheme}://{host}/v2/");
    }

    /// <param name="extraAuthority">CI_SERVER_TLS_CA_FILE: GitLab's registry mostly has a certificate of the same authority. Null: none.</param>
    /// <exception cref="ImageException">A file of authorities cannot be used.</exception>
    public static SocketsHttpHandler Handler(string registry, bool insecure, string? extraAuthority, TimeSpan connectTimeout)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = true, UseCookies = false, ConnectTimeout = connectTimeout };
        if (insecure)
        {
#pragma warning disable CA5359 // --insecure-registry and [builder] insecure_registries say exactly this.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
            return handler;
        }

        var folder = Path.Combine(DockerCertificates, Host(registry));
        string[] files = [.. extraAuthority is null ? [] : new[] { extraAuthority }, .. Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.crt") : []];
        try
        {
            if (files.Length > 0)
            {
                handler.SslOptions.RemoteCertificateValidationCallback = ExtraAuthorities.Trusting(ExtraAuthorities.Load(files));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ImageException($"A file of certificate authorities cannot be read as PEM ({string.Join(", ", files)}): {e.Message}", ImageExit.Failure, e);
        }

        return handler;
    }

    public static AuthenticationHeaderValue Basic(RegistryLogin login) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.Username}:{login.Secret}")));
}
