using System.Net.WebSockets;
using System.Text;

namespace PodExecutor.Driver.Cluster;

/// <summary>
/// A connection to one port of a pod. Both channels begin with the port, two bytes little-endian, which tells nothing new.
/// Source: kubernetes, pkg/kubelet/cri/streaming/portforward/websocket.go.
/// </summary>
internal sealed class PortForwardStream(WebSocket socket) : ChannelStream(socket, Data, Data)
{
    private const byte Data = 0;
    private const byte Error = 1;
    private const int PortSize = 2;

    private readonly StringBuilder _error = new();
    private int _dataSkipped;
    private int _errorSkipped;

    public override string Farewell => _error.ToString().Trim();

    protected override int Accept(Span<byte> data)
    {
        var skip = Skip(ref _dataSkipped, data.Length);
        if (skip > 0)
        {
            data[skip..].CopyTo(data);
        }

        return data.Length - skip;
    }

    protected override void OnText(byte channel, ReadOnlySpan<byte> text, bool last)
    {
        if (channel == Error)
        {
            Keep(_error, text[Skip(ref _errorSkipped, text.Length)..]);
        }
    }

    private static int Skip(ref int skipped, int length)
    {
        var skip = Math.Min(PortSize - skipped, length);
        skipped += skip;
        return skip;
    }
}
