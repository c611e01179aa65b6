using System.Diagnostics;
using System.Net.WebSockets;

namespace PodExecutor.Tests.Contract.Fakes;

/// <summary>An exec as the kubelet serves it (channel protocol v4): a link process on one side, a WebSocket on the other.</summary>
internal static class FakeExec
{
    private const byte Stdout = 1;
    private const byte Stderr = 2;

    public static async Task ServeAsync(WebSocket socket, Process link, CancellationToken cut)
    {
        using (link)
        {
            try
            {
                var input = CopyInAsync(socket, link, cut);
                await Task.WhenAll(
                    CopyOutAsync(link.StandardOutput.BaseStream, Stdout, socket, cut),
                    CopyOutAsync(link.StandardError.BaseStream, Stderr, socket, cut)).WaitAsync(cut);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cut);
                await input;
            }
            catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
            {
                // The driver has gone, or the test has cut the connection.
                socket.Abort();
            }

            if (!link.HasExited)
            {
                link.Kill();
            }
        }
    }

    private static async Task CopyInAsync(WebSocket socket, Process link, CancellationToken cut)
    {
        var buffer = new byte[64 * 1024];
        var isFirst = true;
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), cut);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            // Each message begins with its channel: stdin is 0.
            await link.StandardInput.BaseStream.WriteAsync(buffer.AsMemory(isFirst ? 1 : 0, part.Count - (isFirst ? 1 : 0)), cut);
            await link.StandardInput.BaseStream.FlushAsync(cut);
            isFirst = part.EndOfMessage;
        }
    }

    private static async Task CopyOutAsync(Stream output, byte channel, WebSocket socket, CancellationToken cut)
    {
        var buffer = new byte[32 * 1024];
        buffer[0] = channel;
        int count;
        while ((count = await output.ReadAsync(buffer.AsMemory(1), cut)) > 0)
        {
            await socket.SendAsync(buffer.AsMemory(0, count + 1), WebSocketMessageType.Binary, true, cut);
        }
    }
}
