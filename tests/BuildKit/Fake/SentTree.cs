using Google.Protobuf;
using Grpc.Core;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>What a fake daemon gets of a folder.</summary>
internal static class SentTree
{
    public static Packet Request(int id) => new() { Type = Packet.Types.PacketType.PacketReq, Id = (uint)id };

    public static Packet Fin { get; } = new() { Type = Packet.Types.PacketType.PacketFin };

    /// <summary>Reads the tree's description to its end.</summary>
    public static async Task<List<Stat>> ReadStatsAsync(this AsyncDuplexStreamingCall<IMessage, Packet> call, CancellationToken cancellation)
    {
        var stats = new List<Stat>();
        while (true)
        {
            Assert.True(await call.ResponseStream.MoveNext(cancellation));
            var packet = call.ResponseStream.Current;
            Assert.Equal(Packet.Types.PacketType.PacketStat, packet.Type);
            if (packet.Stat is null)
            {
                return stats;
            }

            stats.Add(packet.Stat);
        }
    }

    /// <summary>Asks for a file and reads all of it.</summary>
    public static async Task<byte[]> ReadFileAsync(this AsyncDuplexStreamingCall<IMessage, Packet> call, int id, CancellationToken cancellation)
    {
        await call.RequestStream.WriteAsync(Request(id), cancellation);
        using var content = new MemoryStream();
        while (true)
        {
            Assert.True(await call.ResponseStream.MoveNext(cancellation));
            var packet = call.ResponseStream.Current;
            Assert.Equal((Packet.Types.PacketType.PacketData, (uint)id), (packet.Type, packet.Id));
            if (packet.Data.IsEmpty)
            {
                return content.ToArray();
            }

            packet.Data.WriteTo(content);
        }
    }

    /// <summary>FIN, FIN, end.</summary>
    public static async Task FinishAsync(this AsyncDuplexStreamingCall<IMessage, Packet> call, CancellationToken cancellation)
    {
        await call.RequestStream.WriteAsync(Fin, cancellation);
        Assert.True(await call.ResponseStream.MoveNext(cancellation));
        Assert.Equal(Packet.Types.PacketType.PacketFin, call.ResponseStream.Current.Type);
        Assert.False(await call.ResponseStream.MoveNext(cancellation));
    }
}
