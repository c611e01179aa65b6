using System.Security.Cryptography;
using PodExecutor.Agent.Native;
using PodExecutor.Agent.Supervisor;

namespace PodExecutor.Tests.Unit.Core.Supervisor;

/// <summary>Over real pipes; the test is the script.</summary>
public sealed class OutputPumpTests : IDisposable
{
    private const int Ring = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestDirectory _directory = new();
    private readonly Spool _spool;
    private readonly OutputPump _pump;
    private int _script;

    public OutputPumpTests()
    {
        _spool = new Spool(_directory.At("output"), Ring);
        (var read, _script) = StageProcess.Pipe(Identity.OfThisProcess);
        _pump = new OutputPump(read, _spool);
    }

    public void Dispose()
    {
        Close();
        _spool.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task ShellEnded_RingFullAndDriverAway_KeepsAllThatStoodInThePipe()
    {
        var data = RandomNumberGenerator.GetBytes(100_000);
        await WriteAsync(data);

        await _pump.ShellEndedAsync().WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.True(data.AsSpan().SequenceEqual(Received()));
    }

    [Fact]
    public async Task Leftover_WritesOnWhileTheDriverIsAway_IsNeverBlocked()
    {
        await WriteAsync(new byte[3 * Ring]);
        await _pump.ShellEndedAsync().WaitAsync(Patience, TestContext.Current.CancellationToken);

        await WriteAsync(new byte[2_000_000]);

        Assert.Equal(3 * Ring, _spool.Written);
    }

    [Fact]
    public async Task Leftover_SilentWhenTheShellEnds_IsNotBlockedByItsLaterOutput()
    {
        await WriteAsync(new byte[10]);
        await _pump.ShellEndedAsync().WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.False(_pump.Over.IsCompleted);

        await WriteAsync(new byte[1_000_000]);
        Close();

        await _pump.Over.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(10, _spool.Written);
    }

    [Fact]
    public async Task Pipe_ClosedBeforeTheShellEnds_ThreadEndsWithTheShell()
    {
        await WriteAsync([1, 2, 3]);
        Close();
        await Until.TrueAsync(() => _spool.Written == 3);
        Assert.False(_pump.Over.IsCompleted);

        await _pump.ShellEndedAsync().WaitAsync(Patience, TestContext.Current.CancellationToken);

        await _pump.Over.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal([1, 2, 3], Received());
    }

    [Fact]
    public async Task Spool_GivenUp_ScriptIsNotBlocked()
    {
        await WriteAsync(new byte[3 * Ring]);
        _spool.Dispose();

        await WriteAsync(new byte[1_000_000]);
    }

    private byte[] Received()
    {
        using var all = new MemoryStream();
        var buffer = new byte[1000];
        for (var position = 0L; _spool.Read(position, buffer, out position) is var count and > 0;)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    private Task WriteAsync(byte[] data) => Task.Factory
        .StartNew(() => Write(data), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
        .WaitAsync(Patience, TestContext.Current.CancellationToken);

    private unsafe void Write(byte[] data)
    {
        fixed (byte* bytes = data)
        {
            for (nint at = 0; at < data.Length;)
            {
                var count = Libc.Write(_script, bytes + at, data.Length - at);
                Assert.True(count > 0);
                at += count;
            }
        }
    }

    private void Close()
    {
        _ = _script < 0 ? 0 : Libc.Close(_script);
        _script = -1;
    }
}
