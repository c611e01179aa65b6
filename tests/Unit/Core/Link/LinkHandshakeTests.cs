using System.Buffers.Binary;
using System.Security.Cryptography;
using PodExecutor.Link;

namespace PodExecutor.Tests.Unit.Core.Link;

/// <summary>What a neighbor on the pod's loopback can see and do.</summary>
public sealed class LinkHandshakeTests
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(LinkHandshake.KeySize);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ends_WithOneKey_TalkBothWays()
    {
        var (driver, agent) = await JoinedAsync(new CuttableLink());
        var sent = RandomNumberGenerator.GetBytes(300_000);

        await driver.WriteAsync(sent, Token);
        await agent.WriteAsync(sent, Token);

        Assert.Equal(sent, await ReadAsync(agent, sent.Length));
        Assert.Equal(sent, await ReadAsync(driver, sent.Length));
    }

    [Fact]
    public async Task Driver_WithAnotherKey_IsRefusedAndHearsNothing()
    {
        var link = new CuttableLink();
        var accepting = AcceptAsync(link.Agent, Key);

        await Assert.ThrowsAsync<LinkRefusedException>(
            () => LinkHandshake.ConnectAsync(link.Driver, RandomNumberGenerator.GetBytes(LinkHandshake.KeySize), Token));
        link.Cut();

        await Assert.ThrowsAsync<LinkRefusedException>(() => accepting);
    }

    [Fact]
    public async Task Listener_InPlaceOfADeadAgent_IsFoundOut()
    {
        var link = new CuttableLink();
        var connecting = LinkHandshake.ConnectAsync(link.Driver, Key, Token);

        // It has seen earlier handshakes, so it answers with as many bytes as an agent does.
        await link.Agent.WriteAsync(RandomNumberGenerator.GetBytes(64), Token);

        await Assert.ThrowsAsync<LinkRefusedException>(() => connecting);
        Assert.Equal(4 + 32, link.ToAgent);
    }

    [Fact]
    public async Task Driver_ReplayedByANeighbor_IsRefused()
    {
        var heard = new TapStream(new CuttableLink().Driver);
        await JoinedAsync(new CuttableLink(), driver => heard = new TapStream(driver));
        var replay = new CuttableLink();
        var accepting = AcceptAsync(replay.Agent, Key);

        await replay.Driver.WriteAsync(heard.Sent, Token);

        await Assert.ThrowsAsync<LinkRefusedException>(() => accepting);
    }

    [Fact]
    public async Task Agent_BeforeAWholeGreeting_SaysNothing()
    {
        var link = new CuttableLink();
        var accepting = AcceptAsync(link.Agent, Key);

        await link.Driver.WriteAsync(Magic(), Token);
        await link.Driver.WriteAsync(new byte[31], Token);
        link.Cut();

        await Assert.ThrowsAsync<LinkRefusedException>(() => accepting);
        Assert.Equal(0, link.ToDriver);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(100)]
    [InlineData(119)]
    public async Task Record_ChangedOnItsWay_IsDamage(int at)
    {
        TapStream? wire = null;
        var (driver, agent) = await JoinedAsync(new CuttableLink(), null, end => wire = new TapStream(end));
        wire!.FlipAt = at;

        await driver.WriteAsync(new byte[100], Token);
        await driver.WriteAsync(new byte[100], Token);

        await Assert.ThrowsAnyAsync<IOException>(() => ReadAsync(agent, 100).WaitAsync(TimeSpan.FromSeconds(30), Token));
    }

    [Fact]
    public async Task Stream_CutAtAnyByte_GivesAPrefixAndNeverAnythingElse()
    {
        var text = RandomNumberGenerator.GetBytes(2_000);
        for (var at = 0; at < 2_200; at += 7)
        {
            var link = new CuttableLink(toAgent: 68 + at);
            var (driver, agent) = await JoinedAsync(link);
            for (var i = 0; i < text.Length; i += 500)
            {
                try
                {
                    await driver.WriteAsync(text.AsMemory(i, 500), Token);
                }
                catch (IOException)
                {
                    break;
                }
            }

            link.Cut();
            var arrived = await ReadToEndAsync(agent);

            Assert.Equal(text[..arrived.Length], arrived);
            Assert.Equal(0, arrived.Length % 500);
        }
    }

    private static byte[] Magic()
    {
        var magic = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(magic, LinkHandshake.Magic);
        return magic;
    }

    private static async Task<SealedStream> AcceptAsync(Stream stream, byte[] key)
    {
        await stream.ReadExactlyAsync(new byte[4], Token);
        return await LinkHandshake.AcceptAsync(stream, key, Token);
    }

    /// <summary>Both ends after the handshake.</summary>
    private static async Task<(SealedStream Driver, SealedStream Agent)> JoinedAsync(
        CuttableLink link, Func<Stream, Stream>? driver = null, Func<Stream, Stream>? agent = null)
    {
        var accepting = AcceptAsync(agent?.Invoke(link.Agent) ?? link.Agent, Key);
        var connected = await LinkHandshake.ConnectAsync(driver?.Invoke(link.Driver) ?? link.Driver, Key, Token);
        return (connected, await accepting);
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int count)
    {
        var data = new byte[count];
        await stream.ReadExactlyAsync(data, Token);
        return data;
    }

    private static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        var all = new MemoryStream();
        var buffer = new byte[512];
        try
        {
            while (await stream.ReadAsync(buffer, Token) is var count and > 0)
            {
                all.Write(buffer, 0, count);
            }
        }
        catch (LinkDamagedException)
        {
            // Cut within a record.
        }

        return all.ToArray();
    }
}
