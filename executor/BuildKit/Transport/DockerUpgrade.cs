using System.Text;

namespace PodExecutor.BuildKit.Transport;

/// <summary>Docker's <c>POST /grpc</c>: one HTTP/1.1 exchange, after which the stream is HTTP/2 to the daemon's BuildKit.</summary>
internal static class DockerUpgrade
{
    private const int MaxHead = 16 * 1024;

    private static readonly byte[] Request =
        "POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"u8.ToArray();

    /// <exception cref="IOException">The other end is no Docker daemon, or refuses.</exception>
    public static async Task RunAsync(Stream stream, CancellationToken cancellation)
    {
        await stream.WriteAsync(Request, cancellation).ConfigureAwait(false);
        var head = await ReadHeadAsync(stream, cancellation).ConfigureAwait(false);
        var statusLine = head[..head.IndexOf("\r\n", StringComparison.Ordinal)];
        if (statusLine.Split(' ') is not [_, "101", ..])
        {
            throw new IOException($"it answers \"{statusLine}\" to POST /grpc: is it a Docker daemon with BuildKit (18.09 or later)?");
        }
    }

    /// <summary>Byte by byte: the daemon's first frame follows at once and is not ours to take.</summary>
    private static async Task<string> ReadHeadAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (head.Length < MaxHead)
        {
            if (await stream.ReadAsync(one, cancellation).ConfigureAwait(false) == 0)
            {
                throw new IOException($"it closed the connection after {head.Length} bytes of an answer to POST /grpc: is it a Docker daemon?");
            }

            head.Append((char)one[0]);
            if (one[0] == '\n' && head.Length >= 4 && head[^2] == '\r' && head[^3] == '\n' && head[^4] == '\r')
            {
                return head.ToString();
            }
        }

        throw new IOException($"its answer to POST /grpc has more than {MaxHead} bytes of head");
    }
}
