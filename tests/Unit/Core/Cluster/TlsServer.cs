using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace PodExecutor.Tests.Unit.Core.Cluster;

/// <summary>A server with TLS that answers each request with 200, and remembers who asked.</summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly SslStreamCertificateContext _certificate;
    private readonly Task _serving;

    /// <param name="chain">Sent along with the certificate.</param>
    public TlsServer(X509Certificate2 certificate, params X509Certificate2[] chain)
    {
        _certificate = SslStreamCertificateContext.Create(certificate, [.. chain], offline: true);
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Address => new($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>The heads of the requests, in order.</summary>
    public List<string> Requests { get; } = [];

    public string? ClientSubject { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _serving;
        _listener.Dispose();
        _over.Dispose();
    }

    public static X509Certificate2 Authority(string name, X509Certificate2? issuer = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return issuer is null ? request.CreateSelfSigned(Begin, End) : Signed(request, issuer, key);
    }

    /// <param name="host">An address or a name.</param>
    public static X509Certificate2 Certificate(string name, X509Certificate2 issuer, string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        return Signed(request, issuer, key);
    }

    private static DateTimeOffset Begin => DateTimeOffset.UtcNow.AddHours(-1);

    private static DateTimeOffset End => DateTimeOffset.UtcNow.AddHours(1);

    private static X509Certificate2 Signed(CertificateRequest request, X509Certificate2 issuer, ECDsa key)
    {
        using var signed = request.Create(issuer, issuer.NotBefore, issuer.NotAfter, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_over.Token);
                await AnswerAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        try
        {
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = _certificate,
                    ClientCertificateRequired = true,
#pragma warning disable CA5359 // The test looks at the client's certificate itself.
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        ClientSubject = certificate?.Subject;
                        return true;
                    },
#pragma warning restore CA5359
                },
                _over.Token);
            using var reader = new StreamReader(tls, leaveOpen: true);
            var head = new StringBuilder();
            while (await reader.ReadLineAsync(_over.Token) is { Length: > 0 } line)
            {
                head.Append(line).Append('\n');
            }

            if (head.Length == 0)
            {
                // With TLS 1.3 the server is done before the client has looked at its certificate.
                return;
            }

            Requests.Add(head.ToString());
            await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"u8.ToArray(), _over.Token);
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client does not like our certificate.
        }
    }
}
