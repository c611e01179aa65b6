using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Runs;
using PodExecutor.Tests.Unit.Core.Cluster;
using PodExecutor.Tests.Unit.Core.Failures;

namespace PodExecutor.Tests.Unit.Runs;

/// <summary>The services' logs over several stages: each line once, wherever a stage ended.</summary>
public sealed class ServiceLogsTests : IDisposable
{
    /// <summary>Three lines with one time, at the end of a second and within it.</summary>
    private static readonly string[] Log =
    [
        "2026-11-30T10:00:00.000000001Z a",
        "2026-11-30T10:00:00.500000000Z b",
        "2026-11-30T10:00:00.500000000Z b",
        "2026-11-30T10:00:00.500000000Z c",
        "2026-11-30T10:00:01.000000000Z d",
        "2026-11-30T10:00:01.000000000Z e",
        "2026-11-30T10:00:02.700000000Z f",
    ];

    private readonly string _directory = Directory.CreateTempSubdirectory("service-logs-").FullName;
    private readonly PromptTime _time = new(TimeSpan.FromSeconds(8));
    private readonly StringWriter _shown = new();
    private string[] _log = [];

    public void Dispose()
    {
        Directory.Delete(_directory, recursive: true);
        _shown.Dispose();
    }

    [Fact]
    public async Task Lines_OfStagesThatEndAnywhere_AreShownOnce()
    {
        for (var first = 0; first <= Log.Length; first++)
        {
            for (var second = first; second <= Log.Length; second++)
            {
                foreach (var file in Directory.GetFiles(_directory))
                {
                    File.Delete(file);
                }

                _shown.GetStringBuilder().Clear();
                await ShowAsync(Log[..first]);
                await ShowAsync(Log[..second]);
                await ShowAsync(Log);

                Assert.Equal(Log.Select(l => $"[service:db] {l.Split(' ')[1]}"), Shown);
            }
        }
    }

    [Fact]
    public async Task Lines_OutOfOrder_AreShown()
    {
        await ShowAsync(["2026-11-30T10:00:02.000000000Z late", "2026-11-30T10:00:01.000000000Z early"]);

        Assert.Equal(["[service:db] late", "[service:db] early"], Shown);
    }

    [Fact]
    public async Task Position_FileOfAnotherVersion_IsIgnored()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "job.service-logs"), "db 2026-11-30T10:00:00.500000000Z\nx\n\n", TestContext.Current.CancellationToken);

        await ShowAsync(Log);

        Assert.Equal(Log.Length, Shown.Length);
    }

    private string[] Shown => _shown.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private async Task ShowAsync(string[] log)
    {
        _log = log;
        using var server = new ScriptedServer(request => ScriptedServer.Stream(string.Concat(From(request).Select(l => l + "\n")), StreamEnd.Regular));
        using var api = server.Client(_time, new Retry(TimeSpan.FromSeconds(120), _time));
        var logs = new ServiceLogs(api, new PreparedPod("ci", "job"), ["db"], _directory, follow: false, new JobLog(_shown), _time, TestContext.Current.CancellationToken);
        await logs.DisposeAsync();
    }

    /// <summary>As the kubelet does: from the whole second on.</summary>
    private IEnumerable<string> From(HttpRequestMessage request)
    {
        var query = Uri.UnescapeDataString(request.RequestUri!.Query);
        var at = query.IndexOf("sinceTime=", StringComparison.Ordinal);
        return at < 0 ? _log : _log.Where(l => string.CompareOrdinal(l, query[(at + 10)..].Split('&')[0].TrimEnd('Z')) >= 0);
    }
}
