using System.Security.Cryptography;
using PodExecutor.Agent.Supervisor;
using PodExecutor.Link;

namespace PodExecutor.Tests.Unit.Core.Supervisor;

public sealed class SpoolTests : IDisposable
{
    private const int Small = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestDirectory _directory = new();

    public enum Ring
    {
        SmallFile,
        File,
        Memory,
    }

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(Ring.SmallFile, 1)]
    [InlineData(Ring.SmallFile, 5000)]
    [InlineData(Ring.File, 65536)]
    [InlineData(Ring.Memory, 1000)]
    [InlineData(Ring.Memory, 65536)]
    public async Task Append_DriverThatAcknowledgesOnlyAtTheWindow_AllPassesThrough(Ring kind, int chunk)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var spool = Make(kind);
        var data = RandomNumberGenerator.GetBytes(kind == Ring.SmallFile ? 200_000 : 2_000_000);
        var writing = OnThread(() =>
        {
            for (var at = 0; at < data.Length; at += chunk)
            {
                spool.Append(data.AsSpan(at, Math.Min(chunk, data.Length - at)));
            }
        });

        using var received = new MemoryStream();
        var buffer = new byte[LinkProtocol.ChunkSize];
        var position = 0L;
        while (received.Length < data.Length)
        {
            var count = spool.Read(position, buffer, out position);
            received.Write(buffer, 0, count);
            if (position - spool.Acknowledged >= spool.AckWindow)
            {
                spool.Acknowledge(position);
            }

            var goesOn = count > 0 || await spool.WaitAsync(Patience, cancel);
            Assert.True(goesOn, $"Stuck at {position} of {data.Length} bytes, {spool.Acknowledged} acknowledged.");
        }

        await writing.WaitAsync(Patience, cancel);
        Assert.True(data.AsSpan().SequenceEqual(received.ToArray()));
    }

    [Theory]
    [InlineData(Ring.SmallFile)]
    [InlineData(Ring.File)]
    [InlineData(Ring.Memory)]
    public void AckWindow_OfAnyRing_IsAtMostAQuarterAndNoMoreThanTheProtocols(Ring kind)
    {
        using var spool = Make(kind);
        spool.StopWaiting();
        var capacity = spool.Append(new byte[32 * 1024 * 1024]);

        Assert.InRange(spool.AckWindow, 1, Math.Min(capacity / 4, LinkProtocol.AckEvery));
    }

    [Fact]
    public async Task Append_FullRing_WaitsForTheAcknowledgement()
    {
        using var spool = Make(Ring.SmallFile);
        spool.Append(new byte[Small]);
        var writing = OnThread(() => spool.Append([7]));
        Assert.Equal(Small, spool.Written);

        spool.Acknowledge(1);
        await writing.WaitAsync(Patience, TestContext.Current.CancellationToken);

        var one = new byte[1];
        Assert.Equal(1, spool.Read(Small, one, out var next));
        Assert.Equal(7, one[0]);
        Assert.Equal(Small + 1, next);
    }

    [Fact]
    public async Task Append_FullRingWhenTheShellEnds_ReturnsWhatItTook()
    {
        using var spool = Make(Ring.SmallFile);
        var taken = -1;
        var writing = OnThread(() => taken = spool.Append(new byte[Small + 100]));

        spool.StopWaiting();
        await writing.WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.Equal(Small, taken);
    }

    [Fact]
    public void Complete_FullRing_KeepsTheRestBehindIt()
    {
        using var spool = Make(Ring.SmallFile);
        var data = RandomNumberGenerator.GetBytes(Small + 3000);
        spool.Append(data.AsSpan(0, Small - 10));
        spool.Complete(data.AsSpan(Small - 10));
        spool.Complete([1, 2, 3]);
        Assert.Equal(1, spool.Append([1]));

        var received = new List<byte>();
        var buffer = new byte[1000];
        for (var position = 0L; spool.Read(position, buffer, out position) is var count and > 0;)
        {
            received.AddRange(buffer.AsSpan(0, count));
            spool.Acknowledge(position);
        }

        Assert.Equal(data, received);
        Assert.Equal(data.Length, spool.Written);
        Assert.Equal(data.Length, spool.Acknowledged);
    }

    [Fact]
    public async Task Dispose_WriterWaits_IsReleased()
    {
        var spool = Make(Ring.SmallFile);
        var writing = OnThread(() => spool.Append(new byte[2 * Small]));
        await Until.TrueAsync(() => spool.Written == Small);

        spool.Dispose();

        await writing.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(0, spool.Read(0, new byte[10], out _));
    }

    [Theory]
    [InlineData("directory")]
    [InlineData("dangling link")]
    [InlineData("no state directory")]
    public void Spool_UnusablePath_KeepsOutputNevertheless(string what)
    {
        var path = _directory.At("state/output");
        Directory.CreateDirectory(_directory.At("state"));
        switch (what)
        {
            case "directory":
                _directory.Write("state/output/file", "x");
                break;
            case "dangling link":
                File.CreateSymbolicLink(path, "/nowhere/at/all");
                break;
            default:
                Directory.Delete(_directory.At("state"));
                break;
        }

        using var spool = new Spool(path, Small);
        spool.Append([1, 2, 3]);

        var buffer = new byte[10];
        Assert.Equal(3, spool.Read(0, buffer, out _));
        Assert.Equal([1, 2, 3], buffer[..3]);
    }

    private Spool Make(Ring kind) => kind switch
    {
        Ring.SmallFile => new Spool(_directory.At("output"), Small),
        Ring.File => new Spool(_directory.At("output"), 16 * 1024 * 1024),

        // There is no such directory.
        _ => new Spool(_directory.At("missing/output"), 16 * 1024 * 1024),
    };

    private static Task OnThread(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
