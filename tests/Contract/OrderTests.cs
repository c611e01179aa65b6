using System.Text;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>
/// The job log has the lines of stdout and stderr in the order in which the script wrote them, although gitlab-runner reads the driver's
/// two pipes independently of each other and at any pace.
/// </summary>
public sealed class OrderTests
{
    private const int Million = 1_000_000;

    /// <summary>Odd lines to stdout, even lines to stderr: both write calls of one process, so their order is certain.</summary>
    private const string AlternatingLines = """perl -e 'syswrite($_ % 2 ? STDOUT : STDERR, "line $_\n") for 1 .. shift' """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FourHundredLines_OfAShell_AreInWrittenOrder(bool cuts)
    {
        // Four hundred lines without a pause arrive at once: there would be nothing to cut.
        var pause = cuts ? "[ $((i % 20)) != 0 ] || sleep 0.1;" : "";
        await CheckAsync(
            $"for i in $(seq 200); do echo out $i; echo err $i >&2; {pause} done",
            Enumerable.Range(1, 200).Select(i => Encoding.ASCII.GetBytes($"out {i}\nerr {i}\n")),
            cuts ? 500 : null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MillionLines_WrittenAlternately_AreInWrittenOrder(bool cuts)
    {
        await CheckAsync(AlternatingLines + Million, Enumerable.Range(1, Million).Select(i => Encoding.ASCII.GetBytes($"line {i}\n")), cuts ? 1_000_000 : null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LinesWithoutEnd_WrittenAlternately_AreInWrittenOrder(bool cuts)
    {
        const string script = "for i in $(seq 2000); do printf 'o%d;' $i; printf 'e%d;' $i >&2; done";
        await CheckAsync(script, Enumerable.Range(1, 2000).Select(i => Encoding.ASCII.GetBytes($"o{i};e{i};")), cuts ? 4_000 : null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BinaryData_WrittenAlternately_IsInWrittenOrder(bool cuts)
    {
        // Pieces of 1 to 5,000 bytes with every byte value: NUL, CR, lines without end, parts of UTF-8 characters.
        var data = new byte[4 * 1024 * 1024];
        new Random(13).NextBytes(data);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, data, TestContext.Current.CancellationToken);
            var script = $$"""perl -e 'open F, "<:raw", shift; while (sysread F, $b, 1 + $n * 7919 % 5000) { syswrite($n++ % 2 ? STDERR : STDOUT, $b) }' {{file}}""";
            await CheckAsync(script, [data], cuts ? 400_000 : null);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("out")]
    [InlineData("err")]
    public async Task LastLine_OfEitherStream_IsTheLogsLastLine(string last)
    {
        // The change of stream right before the end of the stage, when one of the two pipes may already be closed.
        var script = last == "err" ? "echo out; echo err >&2" : "echo err >&2; echo out";
        var lines = Encoding.ASCII.GetBytes(last == "err" ? "out\nerr\n" : "err\nout\n");
        await CheckAsync(script, Enumerable.Repeat(lines, 10), null, runs: 10);
    }

    /// <param name="bytesBetweenCuts">Null: no cuts.</param>
    private static async Task CheckAsync(string script, IEnumerable<byte[]> expected, int? bytesBetweenCuts, int runs = 1)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        var pace = new RandomPace(seed: 13);
        job.Runner = job.Runner with { BeforeRead = _ => pace.WaitAsync() };
        using var session = await job.PreparedAsync();
        using var log = new OrderedLog();
        var cuts = 0;
        job.OnLog = chunk =>
        {
            log.Append(chunk.Span);
            if (bytesBetweenCuts is { } step && log.Bytes / step > cuts)
            {
                cuts++;
                _ = Task.Run(cluster.Cut);
            }
        };

        for (var i = 0; i < runs; i++)
        {
            var run = await session.RunAsync("build_script", script, TestContext.Current.CancellationToken);
            Assert.True(run.ExitCode == 0, job.Log);
        }

        log.AssertIs(expected);
        Assert.True(bytesBetweenCuts is null || cuts > 1, $"{cuts} cuts");
    }
}
