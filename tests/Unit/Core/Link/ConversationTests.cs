using System.Text;
using Google.Protobuf;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Runs;
using PodExecutor.Link;
using PodExecutor.Tests.Unit.Pipelines;

namespace PodExecutor.Tests.Unit.Core.Link;

/// <summary>
/// One run over streams that are cut at every byte, in each direction, with and without a stop. Time stands still: whatever needs a time
/// limit to go on fails here.
/// </summary>
public sealed class ConversationTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly ManualTime _time = new();
    private readonly MemoryStream _stdout = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _stdout.Dispose();

    [Fact]
    public async Task Run_CutAtEveryByteOfTheFirstStream_IsWholeAndRunsOnce()
    {
        var (up, down) = await LengthsAsync();
        for (var at = 1; at <= up; at++)
        {
            await CheckAsync(new CuttableLink(toAgent: at), $"{at} bytes to the agent");
        }

        for (var at = 1; at <= down; at++)
        {
            await CheckAsync(new CuttableLink(toDriver: at), $"{at} bytes to the driver");
        }
    }

    [Fact]
    public async Task Run_CutAtEveryByteAndStoppedMeanwhile_IsStoppedOnTheNextStream()
    {
        var (up, down) = await LengthsAsync();
        for (var at = 1; at <= Math.Max(up, down); at++)
        {
            var agent = new ModelAgent(ModelAgent.Lines(3)) { WaitsForStop = true };
            using var stop = new CancellationTokenSource();

            var ended = await RunAsync(agent, n => n > 0 ? new CuttableLink() : Stopping(new CuttableLink(at, at), stop), stop.Token);

            Assert.True(ended.Stopped, $"cut after {at} bytes");
            Assert.Equal(1, agent.Starts);
            Assert.All(agent.Streams.Where(s => s.Count > 0), s => Assert.Equal(DriverFrame.FrameOneofCase.Open, s[0]));
        }
    }

    [Fact]
    public async Task Stop_BeforeTheFirstStream_FollowsOpenAndScript()
    {
        var agent = new ModelAgent([]) { WaitsForStop = true };
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();

        await RunAsync(agent, _ => new CuttableLink(), stop.Token);

        Assert.Equal(
            [DriverFrame.FrameOneofCase.Open, DriverFrame.FrameOneofCase.Script, DriverFrame.FrameOneofCase.Stop, DriverFrame.FrameOneofCase.Close],
            Assert.Single(agent.Streams));
    }

    [Fact]
    public async Task FirstContact_GoesBeforeOpen()
    {
        var agent = new ModelAgent(ModelAgent.Lines(1)) { ContactsFirst = true };
        Welcome? greeting = null;

        await RunAsync(agent, _ => new CuttableLink(), CancellationToken.None, new FirstContact { Key = ByteString.CopyFrom(new byte[32]) }, w => greeting ??= w);

        Assert.Equal([DriverFrame.FrameOneofCase.FirstContact, DriverFrame.FrameOneofCase.Open], agent.Streams[0].Take(2));
        Assert.Equal(61234u, greeting!.Port);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(100)]
    public async Task Output_IsAcknowledgedWithinTheWindowOfTheAgent(int window)
    {
        var agent = new ModelAgent(ModelAgent.Lines(200), window);

        await RunAsync(agent, _ => new CuttableLink(), CancellationToken.None);

        Assert.Equal(200 / window, agent.Streams[0].Count(f => f == DriverFrame.FrameOneofCase.Ack));
    }

    [Fact]
    public async Task Progress_IsWhatTheRunDoes_NotThatTheAgentAnswers()
    {
        var told = new List<bool>();

        await RunAsync(new ModelAgent(ModelAgent.Lines(3)), _ => new CuttableLink(), CancellationToken.None, progress: w => told.Add(w is not null));

        // The greeting, three lines, the end; Started is none.
        Assert.Equal([true, false, false, false, false], told);
    }

    [Fact]
    public async Task End_ThatHasArrived_StaysKnownIfTheStreamIsCutThen()
    {
        var link = new CuttableLink();
        var stream = new OneWayStream(link.Driver);
        var running = Conversation(null).RunAsync(new AgentConnection(stream, () => "", null), _ => { }, CancellationToken.None, Token);
        using var reader = new FrameReader<DriverFrame>(link.Agent, DriverFrame.Parser);
        using var writer = new FrameWriter<AgentFrame>(link.Agent);
        while ((await reader.ReadAsync(Token))?.Script is null)
        {
        }

        stream.IsBroken = true;
        await writer.WriteAsync(new AgentFrame { Ended = new Ended { ExitCode = 5 } }, Token);

        Assert.Equal(5, (await running.WaitAsync(Patience, Token)).ExitCode);
    }

    [Fact]
    public async Task Agent_ThatSaysNothing_IsLostAfterTheLimit()
    {
        var link = new CuttableLink();
        var running = Conversation(null).RunAsync(new AgentConnection(link.Driver, () => "", null), _ => { }, CancellationToken.None, Token);
        await Until.TrueAsync(() => _time.HasTimer(LinkProtocol.DeadAfter), "a time limit");

        _time.Advance(LinkProtocol.DeadAfter);

        await Assert.ThrowsAsync<LinkLostException>(() => running.WaitAsync(Patience, Token));
    }

    [Fact]
    public async Task Stream_ThatTakesNoBytes_IsLostAfterTheLimit()
    {
        var running = Conversation(null).RunAsync(new AgentConnection(new StuckStream(), () => "", null), _ => { }, CancellationToken.None, Token);
        await Until.TrueAsync(() => _time.HasTimer(LinkProtocol.DeadAfter), "a time limit");

        _time.Advance(LinkProtocol.DeadAfter);

        await Assert.ThrowsAsync<LinkLostException>(() => running.WaitAsync(Patience, Token));
    }

    [Fact]
    public async Task Agent_ThatLostAStartedRun_IsASystemFailure()
    {
        var first = new ModelAgent(ModelAgent.Lines(3)) { WaitsForStop = true };
        var restarted = new ModelAgent([]);
        var link = new CuttableLink(toDriver: 40);
        var conversation = Conversation(null);
        _ = first.ServeAsync(link.Agent, Token);
        await Assert.ThrowsAsync<LinkLostException>(
            () => conversation.RunAsync(new AgentConnection(link.Driver, () => "", null), _ => { }, CancellationToken.None, Token));
        Assert.Equal("line 0\n"[..0], Encoding.ASCII.GetString(_stdout.ToArray())[..0]);
        var second = new CuttableLink();
        _ = restarted.ServeAsync(second.Agent, Token);

        var lost = await Assert.ThrowsAsync<FailureException>(
            () => conversation.RunAsync(new AgentConnection(second.Driver, () => "", null), _ => { }, CancellationToken.None, Token).WaitAsync(Patience, Token));

        Assert.Equal(FailureKind.System, lost.Failures[0].Kind);
        Assert.Equal(0, restarted.Starts);
    }

    [Fact]
    public async Task Ask_WhoseAnswerThrowsAnything_IsAnsweredAllTheSame()
    {
        var link = new CuttableLink();
        var conversation = Conversation((_, _) => throw new UriFormatException("not an address"));
        var running = conversation.RunAsync(new AgentConnection(link.Driver, () => "", null), _ => { }, CancellationToken.None, Token);
        using var writer = new FrameWriter<AgentFrame>(link.Agent);
        using var reader = new FrameReader<DriverFrame>(link.Agent, DriverFrame.Parser);

        await writer.WriteAsync(new AgentFrame { Ask = new Ask { Id = 1, Data = ByteString.CopyFromUtf8("?"), Last = true } }, Token);
        DriverFrame? frame;
        while ((frame = await reader.ReadAsync(Token).AsTask().WaitAsync(Patience, Token)) is { Answer: null })
        {
        }

        Assert.True(frame!.Answer.Last);
        await writer.WriteAsync(new AgentFrame { Ended = new Ended() }, Token);
        await running.WaitAsync(Patience, Token);
    }

    [Fact]
    public async Task Asks_OfAScript_AreDroppedAndNotKept()
    {
        var link = new CuttableLink();
        var running = Conversation(null).RunAsync(new AgentConnection(link.Driver, () => "", null), _ => { }, CancellationToken.None, Token);
        using var writer = new FrameWriter<AgentFrame>(link.Agent);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (ulong id = 0; id < 200; id++)
        {
            await writer.WriteAsync(new AgentFrame { Ask = new Ask { Id = id, Data = UnsafeByteOperations.UnsafeWrap(new byte[900_000]) } }, Token);
        }

        await writer.WriteAsync(new AgentFrame { Ended = new Ended() }, Token);
        await running.WaitAsync(Patience, Token);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 64 * 1024 * 1024);
    }

    /// <summary>Bytes that an undisturbed run sends in each direction.</summary>
    private async Task<(long Up, long Down)> LengthsAsync()
    {
        CuttableLink? link = null;
        await RunAsync(new ModelAgent(ModelAgent.Lines(5), window: 2), _ => link = new CuttableLink(), CancellationToken.None);
        _stdout.SetLength(0);
        return (link!.ToAgent, link.ToDriver);
    }

    private async Task CheckAsync(CuttableLink first, string what)
    {
        var agent = new ModelAgent(ModelAgent.Lines(5), window: 2);

        var ended = await RunAsync(agent, n => n == 0 ? first : new CuttableLink(), CancellationToken.None);

        Assert.True(ended.ExitCode == 7 && agent.Starts == 1, $"{what}: exit code {ended.ExitCode}, {agent.Starts} starts");
        Assert.Equal("line 0\nline 1\nline 2\nline 3\nline 4\n", Encoding.ASCII.GetString(_stdout.ToArray()));
        Assert.Equal("the script\n", Encoding.ASCII.GetString(agent.Script));
        _stdout.SetLength(0);
    }

    /// <summary>Connects again and again, as StageRunner does.</summary>
    private async Task<Ended> RunAsync(
        ModelAgent agent, Func<int, CuttableLink> connect, CancellationToken stop, FirstContact? contact = null, Action<Welcome?>? progress = null)
    {
        var conversation = Conversation(null);
        for (var n = 0; ; n++)
        {
            var link = connect(n);
            var serving = agent.ServeAsync(link.Agent, Token);
            try
            {
                await using var connection = new AgentConnection(link.Driver, () => "", contact);
                return await conversation.RunAsync(connection, progress ?? (_ => { }), stop, Token).WaitAsync(Patience, Token);
            }
            catch (LinkLostException) when (n < 3)
            {
                // The next stream.
            }
            finally
            {
                link.Cut();
                await serving.WaitAsync(Patience, Token);
            }
        }
    }

    private Conversation Conversation(Func<ByteString, CancellationToken, Task<ByteString>>? answer) => new(
        StageScript.Of("the script\n", "build_script"), Grace, WriteAsync, new AskTable(answer), _time);

    private async Task WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) => await _stdout.WriteAsync(data, cancellationToken);

    private static CuttableLink Stopping(CuttableLink link, CancellationTokenSource stop)
    {
        stop.Cancel();
        return link;
    }

    /// <summary>A connection of which one direction can break.</summary>
    private sealed class OneWayStream(Stream inner) : MemoryStream
    {
        public bool IsBroken { get; set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            IsBroken ? throw new IOException("The stream is cut.") : inner.WriteAsync(buffer, cancellationToken);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);
    }

    /// <summary>A connection whose peer has gone without a word.</summary>
    private sealed class StuckStream : MemoryStream
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return 0;
        }
    }
}
