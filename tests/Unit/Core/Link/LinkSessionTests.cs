using System.Text;
using PodExecutor.Agent.Builders;
using PodExecutor.Agent.Supervisor;
using PodExecutor.Driver.Runs;
using PodExecutor.Link;
using PodExecutor.Tests.Unit.Core.Supervisor;

namespace PodExecutor.Tests.Unit.Core.Link;

/// <summary>Both real ends of the link, and a real shell, over streams that are cut.</summary>
public sealed class LinkSessionTests : IAsyncDisposable
{
    private const int Step = 11;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestDirectory _directory = new();
    private readonly StageRuns _runs;
    private readonly BuilderHost _builders;
    private readonly MemoryStream _stdout = new();

    public LinkSessionTests()
    {
        var options = new SupervisorOptions(_directory.At("state"), _directory.At("tools"), null);
        Directory.CreateDirectory(options.StateDirectory);
        _runs = new StageRuns(options, OwnChildren.Start, Cgroup.OfThisProcess, TimeProvider.System);
        _builders = new BuilderHost(options.ToolsDirectory, TimeProvider.System);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _runs.Dispose();
        await _builders.DisposeAsync();
        _directory.Dispose();
        await _stdout.DisposeAsync();
    }

    [Fact]
    public async Task Run_CutAnywhere_IsWholeAndRunsOnce()
    {
        var whole = new CuttableLink();
        await RunAsync(0, _ => whole);
        for (long at = 1; at <= whole.ToAgent; at += Step)
        {
            var up = at;
            await RunAsync(at, n => n == 0 ? new CuttableLink(toAgent: up) : new CuttableLink());
        }

        for (long at = 1; at <= whole.ToDriver; at += Step)
        {
            var down = at;
            await RunAsync(10_000 + at, n => n == 0 ? new CuttableLink(toDriver: down) : new CuttableLink());
        }
    }

    [Fact]
    public async Task Script_ThatIsNotWhole_IsNotStarted()
    {
        var link = new CuttableLink();
        var serving = ServeAsync(link);
        using var writer = new FrameWriter<DriverFrame>(link.Driver);
        var script = StageScript.Of($"touch {_directory.At("started")}\n", "build_script");
        await writer.WriteAsync(new DriverFrame { Open = script.Open(0, Patience, "/") }, Token);
        var part = script.Frames().First().Script.Data;

        await writer.WriteAsync(new DriverFrame { Script = new Script { Data = Google.Protobuf.ByteString.CopyFrom(part.Span[..^1]) } }, Token);
        link.Cut();
        await serving.WaitAsync(Patience, Token);

        Assert.Null(_runs.Find(script.RunId));
        Assert.False(File.Exists(_directory.At("started")));
    }

    [Fact]
    public async Task Driver_OfAnotherVersion_IsRefused()
    {
        var link = new CuttableLink();
        _ = ServeAsync(link);
        using var writer = new FrameWriter<DriverFrame>(link.Driver);
        using var reader = new FrameReader<AgentFrame>(link.Driver, AgentFrame.Parser);

        await writer.WriteAsync(new DriverFrame { Open = new Open { Protocol = LinkProtocol.Version + 1 } }, Token);

        var answer = await reader.ReadAsync(Token).AsTask().WaitAsync(Patience, Token);
        Assert.Equal(Refused.Types.Reason.ProtocolVersion, answer!.Refused.Reason);
    }

    [Fact]
    public void Key_IsAgreedOnceAndOnlyOnce()
    {
        var key = new LinkKey();
        var first = new byte[LinkHandshake.KeySize];
        var other = Enumerable.Repeat((byte)1, LinkHandshake.KeySize).ToArray();

        Assert.False(key.Agree(first.AsSpan(1)));
        Assert.True(key.Agree(first));
        Assert.True(key.Agree(first));
        Assert.False(key.Agree(other));
        Assert.Equal(first, key.Value);
    }

    /// <summary>Connects again and again, as StageRunner does.</summary>
    private async Task RunAsync(long number, Func<int, CuttableLink> connect)
    {
        var marker = _directory.At($"run-{number}");
        _stdout.SetLength(0);
        var script = StageScript.Of($"echo ran >> {marker}; printf 'out\\n'; printf 'err\\n' >&2; printf end; exit 7\n", "build_script");
        var conversation = new Conversation(
            script, Patience, async (data, token) => await _stdout.WriteAsync(data, token), new AskTable(null), TimeProvider.System);
        Ended? ended = null;
        for (var n = 0; ended is null; n++)
        {
            var link = connect(n);
            var serving = ServeAsync(link);
            try
            {
                var connection = new AgentConnection(link.Driver, () => "", null);
                ended = await conversation.RunAsync(connection, _ => { }, CancellationToken.None, Token).WaitAsync(Patience, Token);
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

        Assert.Equal((7, "out\nerr\nend"), (ended.ExitCode, Encoding.ASCII.GetString(_stdout.ToArray())));
        Assert.Equal("ran\n", await File.ReadAllTextAsync(marker, Token));
    }

    private async Task ServeAsync(CuttableLink link)
    {
        try
        {
            using var session = new LinkSession(link.Agent, _runs, _builders, TimeProvider.System);
            await session.RunAsync(61234, Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The stream is cut.
        }
        finally
        {
            link.Cut();
        }
    }
}
