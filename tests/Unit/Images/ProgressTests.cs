using System.Text;
using System.Text.Json;
using PodExecutor.Agent.Images.Progress;
using PodExecutor.BuildKit;
using PodExecutor.Tests.Unit.Pipelines;

namespace PodExecutor.Tests.Unit.Images;

public sealed class ProgressTests : IDisposable
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    private readonly StringWriter _log = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _log.Dispose();

    [Fact]
    public void Plain_OfStepsThatRunTogether_IsOneAfterTheOther()
    {
        var printer = new StepPrinter(_log, folded: false, "b", _time);
        Play(printer);

        Assert.Equal(
            """
            #1 [internal] load build definition
            #1 transferring dockerfile: 120B 0.1s done
            #1 DONE 0.1s
            #2 [build 1/3] FROM docker.io/library/debian:12
            #2 CACHED
            #3 [build 2/3] RUN make
            #3 0.500 compiling
            #3 1.000 half a line, ended
            #3 CANCELED
            #4 [test 1/1] RUN check
            #4 0.200 checking
            #4 ERROR: process "/bin/sh -c check" did not complete successfully: exit code: 3

            """.ReplaceLineEndings("\n"),
            _log.ToString());
    }

    [Fact]
    public void Folded_StepsWithOutput_AreSectionsWithUniqueNames()
    {
        var printer = new StepPrinter(_log, folded: true, "b", _time);
        Play(printer);
        var text = _log.ToString();

        Assert.Contains("section_start:0:image_b_1_1[collapsed=true]\r\e[0K#1 [internal] load build definition\ntransferring dockerfile: 120B 0.1s done\nsection_end:0:image_b_1_1\r\e[0K#1 DONE 0.1s\n", text);
        Assert.Contains("\n#2 [build 1/3] FROM docker.io/library/debian:12 CACHED\n", text);
        Assert.Contains("[collapsed=true]\r\e[0K#3 [build 2/3] RUN make\n0.500 compiling\n", text);
        var starts = Names(text, "section_start:");
        Assert.Equal(starts, starts.Distinct());
        Assert.Equal(starts, Names(text, "section_end:"));
    }

    [Fact]
    public void Folded_SilentStep_GivesWayToOneThatHasSomethingToSay()
    {
        var printer = new StepPrinter(_log, folded: true, "b", _time);
        printer.Print(News([Running("a", "[a 1/1] RUN slow"), Running("b", "[b 1/1] RUN talk")], Log("a", 0.1, "one\n")));
        printer.Print(News([], Log("b", 0.2, "two\n")));
        Assert.DoesNotContain("two", _log.ToString());

        _time.Advance(TimeSpan.FromSeconds(6));
        printer.Print(News([], Log("b", 6, "three\n")));
        printer.Print(News([Ended("b", "[b 1/1] RUN talk", 7)]));
        printer.Print(News([Ended("a", "[a 1/1] RUN slow", 8)], Log("a", 8, "four\n")));
        printer.Finish();

        var text = _log.ToString();
        Assert.Contains("0.200 two\n6.000 three\n", text);
        Assert.Contains("image_b_1_2[collapsed=true]", text);
        Assert.Equal(3, Names(text, "section_end:").Count);
    }

    [Fact]
    public void Lines_WithCarriageReturns_AreWhatATerminalWouldShow()
    {
        var printer = new StepPrinter(_log, folded: false, "b", _time);
        printer.Print(News([Running("a", "[a 1/1] RUN x")], Log("a", 1, "10%\r20%\r100%\r\nsplit é"[..^1])));
        printer.Print(News([], Raw("a", 1, [0xc3])));
        printer.Print(News([Ended("a", "[a 1/1] RUN x", 2)], Raw("a", 1, [0xa9, (byte)'\n'])));
        printer.Finish();

        Assert.Contains("#1 1.000 100%\n#1 1.000 split é\n", _log.ToString());
    }

    [Fact]
    public void RawJson_IsOneObjectPerPieceOfNews_InBuildxsNames()
    {
        var printer = new RawJsonPrinter(_log);
        printer.Print(News([Ended("sha256:a", "[a 1/1] RUN x", 1) with { Inputs = ["sha256:b"], Cached = true }], Log("sha256:a", 1, "out")));
        var line = Assert.Single(_log.ToString().TrimEnd().Split('\n'));
        var root = JsonDocument.Parse(line).RootElement;

        var vertex = root.GetProperty("vertexes")[0];
        Assert.Equal(("sha256:a", "[a 1/1] RUN x", true), (vertex.GetProperty("digest").GetString(), vertex.GetProperty("name").GetString(), vertex.GetProperty("cached").GetBoolean()));
        Assert.Equal("sha256:b", vertex.GetProperty("inputs")[0].GetString());
        Assert.Equal("out", Encoding.UTF8.GetString(root.GetProperty("logs")[0].GetProperty("data").GetBytesFromBase64()));
        Assert.False(root.TryGetProperty("warnings", out _));
    }

    [Fact]
    public void Failure_IsToldLastWithItsLinesAndItsPlace()
    {
        var trace = new BuildTrace();
        trace.Add(News([Ended("a", "[build 2/3] RUN make", 1) with { Error = "exit code: 2" }], Log("a", 1, string.Concat(Enumerable.Range(1, 30).Select(i => $"line {i}\n")))));
        var failure = new BuildFailedException("process \"/bin/sh -c make\" did not complete successfully: exit code: 2")
        {
            VertexDigest = "a",
            ExitCode = 2,
            Location = new SourceExcerpt("Dockerfile", [new LineRange(3, 3)], "FROM debian\nCOPY . .\nRUN make\nRUN more\n"),
        };

        Assert.Equal(
            [
                "------", " > [build 2/3] RUN make:", .. Enumerable.Range(11, 20).Select(i => $"line {i}"), "------",
                "Dockerfile:3", "--------------------", "   1 |     FROM debian", "   2 |     COPY . .", "   3 | >>> RUN make", "   4 |     RUN more", "   5 |", "--------------------",
                "ERROR: failed to build: process \"/bin/sh -c make\" did not complete successfully: exit code: 2",
            ],
            FailureReport.Lines(failure, trace));
    }

    [Fact]
    public void TimeReport_CountsStepsThatRanTogetherOnce()
    {
        var trace = new BuildTrace();
        trace.Add(News(
            [
                Span("a", "[build 1/2] RUN one", 0, 4), Span("b", "[test 1/2] RUN two", 2, 6), Span("c", "[build 2/2] RUN three", 6, 6.5) with { Cached = true },
                Span("d", "[internal] load build context", 0, 1), Span("e", "exporting to image", 7, 9), Span("f", "[build 1/2] FROM debian", 0, 0.5),
            ]));
        trace.Add(new ProgressUpdate([], [new VertexStatus("transferring context:", "d", "transferring context:", 375_000_000, 0, Start, Start, Start)], [], []));

        Assert.Equal(
            [
                "Where the time went: 10.0 s, 0.5 s of it waiting for a builder",
                "  files sent          1.0 s  375MB of build context; .dockerignore lacks .git (210MB)",
                "  base images         0.5 s",
                "  steps               6.5 s  1 of 3 cached; longest: [build 1/2] RUN one",
                "  export and push     2.0 s",
            ],
            TimeReport.Lines(trace, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(10), ".dockerignore lacks .git (210MB)"));
    }

    [Fact]
    public void Plain_OfACachedStepThatIsThenFetched_StaysCached()
    {
        var printer = new StepPrinter(_log, folded: false, "b", _time);
        printer.Print(new ProgressUpdate([Ended("run", "[2/2] RUN make", 0.1) with { Cached = true }, Running("run", "[2/2] RUN make")], [], [], []));
        printer.Print(News([Ended("run", "[2/2] RUN make", 0.2)]));
        printer.Finish();

        Assert.Equal("#1 [2/2] RUN make\n#1 CACHED\n", _log.ToString());
    }

    private static void Play(StepPrinter printer)
    {
        printer.Print(News([Running("def", "[internal] load build definition")]));
        printer.Print(new ProgressUpdate(
            [Ended("def", "[internal] load build definition", 0.1)], [new VertexStatus("transferring dockerfile:", "def", "transferring dockerfile:", 120, 120, Start, Start, Start.AddSeconds(0.1))], [], []));
        printer.Print(News([Ended("from", "[build 1/3] FROM docker.io/library/debian:12", 0.1) with { Cached = true }]));
        printer.Print(News([Running("make", "[build 2/3] RUN make"), Running("check", "[test 1/1] RUN check")], Log("make", 0.5, "compiling\nhalf a ")));
        printer.Print(News([], Log("check", 0.2, "checking")));
        printer.Print(News([Ended("check", "[test 1/1] RUN check", 0.2) with { Error = "process \"/bin/sh -c check\" did not complete successfully: exit code: 3" }], Log("make", 1, "line, ended\n")));
        printer.Print(News([Ended("make", "[build 2/3] RUN make", 1.1) with { Error = "context canceled" }]));
        printer.Finish();
    }

    private static List<string> Names(string text, string marker) =>
        [.. text.Split(marker).Skip(1).Select(p => p.Split(':')[1].Split('[', '\r')[0])];

    private static ProgressUpdate News(IReadOnlyList<Vertex> vertices, params VertexLog[] logs) => new(vertices, [], logs, []);

    private static Vertex Running(string digest, string name) => new(digest, name, [], false, Start, null, null, null);

    private static Vertex Ended(string digest, string name, double seconds) => Running(digest, name) with { Completed = Start.AddSeconds(seconds) };

    private static Vertex Span(string digest, string name, double from, double to) => Running(digest, name) with { Started = Start.AddSeconds(from), Completed = Start.AddSeconds(to) };

    private static VertexLog Log(string digest, double seconds, string text) => Raw(digest, seconds, Encoding.UTF8.GetBytes(text));

    private static VertexLog Raw(string digest, double seconds, byte[] bytes) => new(digest, Start.AddSeconds(seconds), 1, bytes);
}
