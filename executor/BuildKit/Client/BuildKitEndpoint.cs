using System.Net.Sockets;

namespace PodExecutor.BuildKit;

/// <summary>Where a daemon listens and how one speaks to it.</summary>
public sealed record BuildKitEndpoint
{
    private BuildKitEndpoint(string address, Func<CancellationToken, ValueTask<Stream>> open)
    {
        Address = address;
        Open = open;
    }

    /// <summary>As a person writes it, for messages: <c>tcp://host:1234</c>, <c>unix:///run/buildkit/buildkitd.sock</c>.</summary>
    public string Address { get; }

    /// <summary>The host name that goes into HTTP's authority, and which the server's certificate must carry.</summary>
    public string Authority { get; private init; } = "localhost";

    /// <summary>null: plain HTTP/2.</summary>
    public TlsClientOptions? Tls { get; private init; }

    /// <summary>
    /// The endpoint is a Docker daemon's API socket: BuildKit is reached by <c>POST /grpc</c> with an upgrade to HTTP/2.
    /// </summary>
    public bool IsDocker { get; private init; }

    internal Func<CancellationToken, ValueTask<Stream>> Open { get; }

    /// <param name="tls">null for a listener without TLS.</param>
    public static BuildKitEndpoint Tcp(string host, int port, TlsClientOptions? tls = null) => new($"tcp://{HostForm(host)}:{port}", token => OpenTcpAsync(host, port, token))
    {
        Authority = $"{HostForm(host)}:{port}",
        Tls = tls,
    };

    public static BuildKitEndpoint Unix(string path) => new($"unix://{path}", token => OpenUnixAsync(path, token));

    /// <summary>The BuildKit inside a Docker daemon, through the daemon's API socket.</summary>
    public static BuildKitEndpoint Docker(string socketPath = "/var/run/docker.sock") => Unix(socketPath) with { IsDocker = true };

    /// <summary>The BuildKit inside a Docker daemon that listens on TCP.</summary>
    public static BuildKitEndpoint DockerTcp(string host, int port, TlsClientOptions? tls = null) => Tcp(host, port, tls) with { IsDocker = true };

    /// <summary>Any byte stream that a daemon is at the other end of: an exec session, an SSH channel, a pipe.</summary>
    /// <param name="address">What messages call it.</param>
    /// <param name="open">Opens one more connection. The client disposes the streams.</param>
    public static BuildKitEndpoint FromStream(string address, Func<CancellationToken, ValueTask<Stream>> open, TlsClientOptions? tls = null) =>
        new(address, open) { Tls = tls };

    /// <summary>
    /// Reads what BUILDKIT_HOST and DOCKER_HOST hold: <c>tcp://host[:1234]</c>, <c>unix://path</c>, or, for the BuildKit inside a Docker
    /// daemon, <c>docker+unix://path</c> and <c>docker+tcp://host:port</c>.
    /// </summary>
    /// <exception cref="FormatException">The address is none of these; the message says which are.</exception>
    public static BuildKitEndpoint Parse(string address, TlsClientOptions? tls = null)
    {
        const string docker = "docker+";
        const string unix = "unix://";
        const int defaultPort = 1234;
        var isDocker = address.StartsWith(docker, StringComparison.Ordinal);
        var plain = isDocker ? address[docker.Length..] : address;
        if (plain.StartsWith(unix, StringComparison.Ordinal) && plain.Length > unix.Length)
        {
            return Unix(plain[unix.Length..]) with { IsDocker = isDocker };
        }

        if (plain.StartsWith("tcp://", StringComparison.Ordinal) && Uri.TryCreate(plain, UriKind.Absolute, out var uri) && uri.Host.Length > 0)
        {
            return Tcp(uri.Host.Trim('[', ']'), uri.Port > 0 ? uri.Port : defaultPort, tls) with { IsDocker = isDocker };
        }

        throw new FormatException(
            $"\"{address}\" is no address of a BuildKit daemon: write tcp://HOST:PORT, unix://PATH, docker+unix://PATH or docker+tcp://HOST:PORT.");
    }

    public override string ToString() => Address;

    private static string HostForm(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    private static async ValueTask<Stream> OpenTcpAsync(string host, int port, CancellationToken token)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, token).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async ValueTask<Stream> OpenUnixAsync(string path, CancellationToken token)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
