using System.Net.Sockets;
using System.Net.WebSockets;

namespace PodExecutor.Tests.Contract.Fakes;

/// <summary>A port-forward as the kubelet serves it (channel protocol v4): a TCP connection on one side, a WebSocket on the other.</summary>
internal static class FakePortForward
{
    private const byte Data = 0;
    private const byte Error = 1;

    public static async Task ServeAsync(WebSocket socket, int port, CancellationToken cut)
    {
        try
        {
            foreach (var channel in new[] { Data, Error })
            {
                await socket.SendAsync(new byte[] { channel, (byte)port, (byte)(port >> 8) }, WebSocketMessageType.Binary, true, cut);
            }

            using var client = new TcpClient();
            await client.ConnectAsync("localhost", port, cut);
            var input = CopyInAsync(socket, client.GetStream(), cut);
            await CopyOutAsync(client.GetStream(), socket, cut);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cut);
            client.Close();
            await input;
        }
        catch (SocketException e)
        {
            await socket.SendAsync(new byte[] { Error }.Concat(System.Text.Encoding.UTF8.GetBytes(e.Message)).ToArray(), WebSocketMessageType.Binary, true, cut);
            socket.Abort();
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The driver or the agent has gone, or the test has cut the connection.
            socket.Abort();
        }
    }

    private static async Task CopyInAsync(WebSocket socket, Stream target, CancellationToken cut)
    {
        var buffer = new byte[64 * 1024];
        var isFirst = true;
        while (await socket.ReceiveAsync(buffer.AsMemory(), cut) is { MessageType: not WebSocketMessageType.Close } part)
        {
            var skip = isFirst ? 1 : 0;
            await target.WriteAsync(buffer.AsMemory(skip, part.Count - skip), cut);
            isFirst = part.EndOfMessage;
        }
    }

    private static async Task CopyOutAsync(Stream source, WebSocket socket, CancellationToken cut)
    {
        var buffer = new byte[32 * 1024];
        buffer[0] = Data;
        int count;
        while ((count = await source.ReadAsync(buffer.AsMemory(1), cut)) > 0)
        {
            await socket.SendAsync(buffer.AsMemory(0, count + 1), WebSocketMessageType.Binary, true, cut);
        }
    }
}
