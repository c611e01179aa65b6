using System.Text;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Transport;

namespace PodExecutor.Tests.BuildKitClient.Unit;

public sealed class TransportTests
{
    [Theory]
    [InlineData("tcp://host:99", "tcp://host:99", false)]
    [InlineData("tcp://host", "tcp://host:1234", false)]
    [InlineData("tcp://[::1]:99", "tcp://[::1]:99", false)]
    [InlineData("unix:///run/x.sock", "unix:///run/x.sock", false)]
    [InlineData("docker+unix:///run/x.sock", "unix:///run/x.sock", true)]
    [InlineData("docker+tcp://host:2375", "tcp://host:2375", true)]
    public void Endpoint_OfAnAddress_IsRead(string text, string address, bool isDocker)
    {
        var endpoint = BuildKitEndpoint.Parse(text);

        Assert.Equal((address, isDocker), (endpoint.Address, endpoint.IsDocker));
    }

    [Theory]
    [InlineData("")]
    [InlineData("host:1234")]
    [InlineData("unix://")]
    [InlineData("http://host")]
    [InlineData("kube-pod://x")]
    public void Endpoint_OfSomethingElse_IsRefusedWithTheForms(string text) =>
        Assert.Contains("unix://PATH", Assert.Throws<FormatException>(() => BuildKitEndpoint.Parse(text)).Message, StringComparison.Ordinal);

    /// <summary>However the bytes are cut: the joined field comes out as three, and nothing else is changed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(100_000)]
    public async Task RepeatedHeaders_JoinedByHttpClient_AreSeparateOnTheWire(int cut)
    {
        var preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        byte[] before = [0x82, .. Literal("x-a", "b, c")];
        byte[] data = [.. Enumerable.Range(0, 3000).Select(i => (byte)i)];
        // longer than 126 bytes together: its length takes two bytes
        string[] methods = ["/moby.filesync.v1.FileSync/DiffCopy", "/moby.filesync.v1.FileSend/DiffCopy", "/moby.buildkit.secrets.v1.Secrets/GetSecret"];
        byte[] sent =
        [
            .. preface, .. Frame(4, []), .. Frame(1, [.. before, .. Literal(SessionProtocol.MethodHeader, string.Join(", ", methods)), .. Literal("z", "1")]),
            .. Frame(0, data), .. Frame(1, before), .. Frame(0, data),
        ];
        byte[] expected =
        [
            .. preface, .. Frame(4, []),
            .. Frame(1, [.. before, .. methods.SelectMany(method => Literal(SessionProtocol.MethodHeader, method)), .. Literal("z", "1")]),
            .. Frame(0, data), .. Frame(1, before), .. Frame(0, data),
        ];
        using var wire = new MemoryStream();
        await using var stream = new RepeatedHeaderStream(wire);

        foreach (var piece in sent.Chunk(cut))
        {
            await stream.WriteAsync(piece, TestContext.Current.CancellationToken);
        }

        Assert.Equal(expected, wire.ToArray());
    }

    [Theory]
    [InlineData("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\nrest", "rest", null)]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\n", null, "404 Not Found")]
    [InlineData("SSH-2.0", null, "closed the connection")]
    public async Task Upgrade_OfADocker_LeavesWhatComesAfter(string answer, string? rest, string? error)
    {
        await using var stream = new Conversation(answer);
        var upgrade = DockerUpgrade.RunAsync(stream, TestContext.Current.CancellationToken);

        if (error is null)
        {
            await upgrade;
            Assert.Equal(rest, await new StreamReader(stream).ReadToEndAsync(TestContext.Current.CancellationToken));
        }
        else
        {
            Assert.Contains(error, (await Assert.ThrowsAsync<IOException>(() => upgrade)).Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Frame(byte type, byte[] payload) =>
        [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, 4, 0, 0, 0, 1, .. payload];

    private static byte[] Literal(string name, string value)
    {
        byte[] length = value.Length < 127 ? [(byte)value.Length] : [127, (byte)((value.Length - 127) | 0x80), (byte)((value.Length - 127) >> 7)];
        return [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), .. value.Length - 127 is >= 0 and < 128 ? [127, (byte)(value.Length - 127)] : length, .. Encoding.ASCII.GetBytes(value)];
    }

    /// <summary>Takes what is written, answers what it was told to.</summary>
    private sealed class Conversation(string answer) : MemoryStream(Encoding.ASCII.GetBytes(answer))
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
