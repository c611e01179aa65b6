namespace PodExecutor.Driver.Cluster;

/// <summary>
/// Where the API server is and how to log in: all that a call needs to connect, without kubeconfig. Holds secrets: it is written to the
/// job file (mode 0600) only, and never printed.
/// </summary>
internal sealed record ApiEndpoint
{
    public required Uri Server { get; init; }

    /// <summary>PEM of the certificates that the server's certificate must lead to; null: those of the system.</summary>
    public string? Authorities { get; init; }

    /// <summary>Accepts any server certificate (insecure-skip-tls-verify).</summary>
    public bool Insecure { get; init; }

    /// <summary>The name in the server's certificate, if it is not the host of <see cref="Server"/> (tls-server-name).</summary>
    public string? ServerName { get; init; }

    /// <summary>PEM of the client certificate and its key.</summary>
    public string? Certificate { get; init; }

    public string? Key { get; init; }

    /// <summary>The same as files, read again by each call: certificates rotate.</summary>
    public string? CertificateFile { get; init; }

    public string? KeyFile { get; init; }

    public string? Token { get; init; }

    /// <summary>Read again by each call: tokens rotate.</summary>
    public string? TokenFile { get; init; }

    public string? Username { get; init; }

    public string? Password { get; init; }

    /// <summary>The credentials come from a plugin that the kubeconfig names: each call reads it again and runs the plugin.</summary>
    public KubeconfigReference? Plugin { get; init; }

    public override string ToString() => $"{Server}";
}

/// <param name="Context">Null: the file's current context.</param>
internal sealed record KubeconfigReference(string File, string? Context);
