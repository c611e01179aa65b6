using System.Net.Sockets;
using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Agent.Relay;
using PodExecutor.Agent.Supervisor;
using PodExecutor.Link;

namespace PodExecutor.Tests.Unit.Link;

/// <summary>What a stage's process asks, over connections that are cut.</summary>
public sealed class AskTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly AskRelay _relay;
    private readonly DriverAsks _asks;

    public AskTests()
    {
        var (ours, theirs) = StageProcess.SocketPair();
        _relay = new AskRelay(new Socket(new SafeSocketHandle(ours, ownsHandle: true)));
        _asks = new DriverAsks(new NetworkStream(new Socket(new SafeSocketHandle(theirs, ownsHandle: true)), ownsSocket: true));
    }

    [Fact]
    public async Task Ask_UnansweredWhenTheConnectionIsCut_IsAskedAgainOnTheNextOne()
    {
        var asking = _asks.AskAsync(ByteString.CopyFromUtf8("question"), TestContext.Current.CancellationToken);
        var first = await ForwardedAsync(1);

        var second = await ForwardedAsync(1);
        _relay.Answer(second[0].Id, ByteString.CopyFromUtf8("answer"));
        _relay.Answer(second[0].Id, ByteString.CopyFromUtf8("another answer"));

        Assert.Equal(first, second);
        Assert.Equal("answer", (await asking.WaitAsync(Patience, TestContext.Current.CancellationToken)).ToStringUtf8());
    }

    [Fact]
    public async Task Ask_Answered_IsNotSentOnTheNextConnection()
    {
        var answered = _asks.AskAsync(ByteString.CopyFromUtf8("one"), TestContext.Current.CancellationToken);
        _relay.Answer((await ForwardedAsync(1))[0].Id, ByteString.Empty);
        await answered.WaitAsync(Patience, TestContext.Current.CancellationToken);

        var open = _asks.AskAsync(ByteString.CopyFromUtf8("two"), TestContext.Current.CancellationToken);
        var sent = await ForwardedAsync(1);

        Assert.Equal("two", Assert.Single(sent).Data.ToStringUtf8());
        Assert.False(open.IsCompleted);
    }

    [Fact]
    public async Task Messages_LongerThanAFrame_ArriveWholeBothWays()
    {
        var question = UnsafeByteOperations.UnsafeWrap(RandomNumberGenerator.GetBytes((3 * LinkProtocol.ChunkSize) + 17));
        var answer = UnsafeByteOperations.UnsafeWrap(RandomNumberGenerator.GetBytes(5 * LinkProtocol.ChunkSize));
        var asking = _asks.AskAsync(question, TestContext.Current.CancellationToken);

        var parts = await ForwardedAsync(4);
        var whole = new MessageParts(AskRelay.MaxMessage);
        parts.ForEach(part => whole.Add(part.Data, part.Last));
        _relay.Answer(parts[0].Id, answer);

        Assert.Equal(question, whole.Whole);
        Assert.Equal(answer, await asking.WaitAsync(Patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Ask_WhenTheSupervisorHasGone_Fails()
    {
        var asking = _asks.AskAsync(ByteString.CopyFromUtf8("question"), TestContext.Current.CancellationToken);
        await ForwardedAsync(1);

        _relay.Dispose();

        await Assert.ThrowsAsync<IOException>(() => asking.WaitAsync(Patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void MessageParts_BeyondTheLimitOrTheEnd_AreRefused()
    {
        var small = new MessageParts(4);
        small.Add(ByteString.CopyFromUtf8("1234"), last: true);

        Assert.Throws<LinkDamagedException>(() => small.Add(ByteString.Empty, last: true));
        Assert.Throws<LinkDamagedException>(() => new MessageParts(4).Add(ByteString.CopyFromUtf8("12345"), last: false));
    }

    public async ValueTask DisposeAsync()
    {
        await _asks.DisposeAsync();
        _relay.Dispose();
    }

    /// <summary>What a connection carries that is cut after so many frames.</summary>
    private async Task<List<Ask>> ForwardedAsync(int frames)
    {
        using var cut = new CancellationTokenSource(Patience);
        var sent = new List<Ask>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _relay.ForwardAsync(
            (ask, _) =>
            {
                sent.Add(ask);
                if (sent.Count == frames)
                {
                    cut.Cancel();
                }

                return Task.CompletedTask;
            },
            cut.Token));
        return sent;
    }
}
