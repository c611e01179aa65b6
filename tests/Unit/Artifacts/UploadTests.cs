using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Paths;
using PodExecutor.Driver.Pipelines.GitLab;

namespace PodExecutor.Tests.Unit.Artifacts;

public sealed class UploadTests : IDisposable
{
    private readonly BuildDirectory _build = new();

    public void Dispose()
    {
        Assert.DoesNotContain(BuildDirectory.Token, _build.Log + _build.Output, StringComparison.Ordinal);
        _build.Dispose();
    }

    [Fact]
    public async Task Upload_Zip_HasFilesModesLinksAndEmptyDirectories()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(201);
        File.SetUnixFileMode(_build.Write("out/run.sh", "#!/bin/sh"), (UnixFileMode)0x1ED);
        File.SetLastWriteTimeUtc(_build.At("out/run.sh"), new DateTime(2024, 2, 29, 12, 30, 10, DateTimeKind.Utc));
        Directory.CreateDirectory(_build.At("out/empty"));
        File.CreateSymbolicLink(_build.At("out/link"), "run.sh");

        Assert.Equal(0, await _build.UploadAsync(gitlab.Url, "--path", "out/", "--name", "my/out-1", "--expire-in", "1 week", "--artifact-format", "zip", "--artifact-type", "archive"));

        var request = Assert.Single(gitlab.Requests);
        Assert.Equal(("POST", "/api/v4/jobs/9001/artifacts", BuildDirectory.Token), (request.Method, request.Path, request.Token));
        Assert.Equal("?artifact_format=zip&artifact_type=archive&expire_in=1%20week", request.Query);
        Assert.Equal(("chunked", null, "out-1.zip"), (request.TransferEncoding, request.ContentLength, request.FileName));
        using var zip = new ZipArchive(new MemoryStream(request.File));
        Assert.Equal(["out/", "out/empty/", "out/link", "out/run.sh"], zip.Entries.Select(e => e.FullName));
        Assert.Equal([0x41, 0x41, 0xA1, 0x81], zip.Entries.Select(e => (int)((uint)e.ExternalAttributes >> 24)));
        Assert.Equal(0x1ED, (zip.Entries[3].ExternalAttributes >> 16) & 0x1FF);
        Assert.Equal(new DateTime(2024, 2, 29, 12, 30, 10), zip.Entries[3].LastWriteTime.DateTime);
        Assert.Equal("run.sh", Text(zip.Entries[2].Open()));
        Assert.Equal("#!/bin/sh", Text(zip.Entries[3].Open()));
        Assert.Contains("Uploading artifacts as \"archive\" to coordinator... 201 Created  id=9001 responseStatus=201 Created", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_NothingFound_IsNoFailureAndNoRequest()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(201);
        Assert.Equal(0, await _build.UploadAsync(gitlab.Url, "--path", "none"));
        Assert.Empty(gitlab.Requests);
        Assert.Contains("ERROR: No files to upload", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_Gzip_IsOneNamedMemberPerFile()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(201);
        _build.Write("r/a.xml", "<a/>");
        _build.Write("r/b.xml", "<b/>");

        Assert.Equal(0, await _build.UploadAsync(gitlab.Url, "--path", "r", "--name", "junit.xml", "--artifact-format", "gzip", "--artifact-type", "junit"));

        var request = Assert.Single(gitlab.Requests);
        Assert.Equal("junit.xml.gz", request.FileName);
        Assert.Equal("<a/><b/>", Text(new GZipStream(new MemoryStream(request.File), CompressionMode.Decompress)));
        Assert.Equal("a.xml\0r/a.xml\0", System.Text.Encoding.ASCII.GetString(request.File, 10, 14));
        byte[] memberStart = [0x1f, 0x8b, 8, 0x18];
        Assert.Equal(2, request.File.AsSpan().Count(memberStart));
    }

    [Fact]
    public async Task Upload_Raw_IsTheFileItself()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(201);
        _build.Write("r/report.json", "{}");
        Assert.Equal(0, await _build.UploadAsync(gitlab.Url, "--path", "r", "--artifact-format", "raw"));
        Assert.Equal(("report.json", "{}"), (gitlab.Requests.Single().FileName, System.Text.Encoding.UTF8.GetString(gitlab.Requests.Single().File)));
    }

    [Fact]
    public async Task Upload_RawOfTwo_IsRefused()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(201);
        _build.Write("a");
        _build.Write("b");
        Assert.Equal(1, await _build.UploadAsync(gitlab.Url, "--path", "*", "--artifact-format", "raw"));
        Assert.Empty(gitlab.Requests);
        Assert.Contains("FATAL: A raw artifact is one file, but 2 match (a, b)", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_BusyThenCreated_SendsTheWholeBodyAgain()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(503, 429, 201);
        _build.Write("a", "content");
        Assert.Equal(0, await _build.WithPausesAsync(_build.UploadAsync(gitlab.Url, "--path", "a", "--artifact-format", "raw"), 1, 5));
        Assert.Equal(["content", "content", "content"], gitlab.Requests.Select(r => System.Text.Encoding.UTF8.GetString(r.File)));
    }

    [Fact]
    public async Task Upload_BusyForEver_GivesUpAfterThreeTries()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(502);
        _build.Write("a");
        Assert.Equal(1, await _build.WithPausesAsync(_build.UploadAsync(gitlab.Url, "--path", "a"), 1, 5));
        Assert.Equal(3, gitlab.Requests.Count);
        Assert.Contains("FATAL: Uploading artifacts to coordinator... 502", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_RetryAfter_IsWaitedFor()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync((context, number) =>
        {
            (context.Response.StatusCode, context.Response.Headers.RetryAfter) = number == 1 ? (429, "20") : (201, "");
            return Task.CompletedTask;
        });
        _build.Write("a");
        Assert.Equal(0, await _build.WithPausesAsync(_build.UploadAsync(gitlab.Url, "--path", "a"), 20));
        Assert.Equal(2, gitlab.Requests.Count);
    }

    [Theory]
    [InlineData(413, "Make the artifacts smaller")]
    [InlineData(401, "does not accept the job's token")]
    [InlineData(403, "does not accept the job's token")]
    [InlineData(400, "GitLab refuses these artifacts")]
    [InlineData(302, "uploads are not redirected")]
    public async Task Upload_Refused_IsFinalAndExplained(int status, string advice)
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(async (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            await context.Response.WriteAsync($"{{\"message\":\"because of {BuildDirectory.Token}\"}}");
        });
        _build.Write("a");
        Assert.Equal(1, await _build.UploadAsync(gitlab.Url, "--path", "a"));
        Assert.Single(gitlab.Requests);
        Assert.Contains(advice, _build.Log, StringComparison.Ordinal);
        Assert.Contains("(because of [MASKED])", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_UnreadableFile_IsNotTakenForTheNetwork()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync((context, number) => Task.CompletedTask);
        Directory.CreateDirectory(_build.At("a"));
        var file = new SelectedFile("a", new FileStatus(FileStatus.Regular, DateTime.UnixEpoch));
        var e = Assert.Throws<ArtifactException>(() => ArtifactFile.Open(_build.Context, file));
        Assert.StartsWith("The artifact a cannot be read", e.Message, StringComparison.Ordinal);

        var request = UploadRequest.Parse(["--url", gitlab.Url, "--token", BuildDirectory.Token, "--id", "1"], _build.Context);
        using var client = ArtifactHttp.Create(_build.Context);
        var upload = new ArtifactUpload(_build.Context, client, request, new UploadPlan("a.zip", [file]));
        await Assert.ThrowsAsync<ArtifactException>(() => upload.TryAsync(null, Cancel));
    }

    [Fact]
    public async Task Upload_RefusedBeforeTheBody_IsHeardThough()
    {
        await using var gitlab = await CoordinatorDouble.StartRefusingAsync(413);
        await using (var sparse = File.Create(_build.At("big")))
        {
            sparse.SetLength(300L * 1024 * 1024);
        }

        Assert.Equal(1, await _build.UploadAsync(gitlab.Url, "--path", "big", "--artifact-format", "raw"));
        Assert.Single(gitlab.Requests);
        Assert.Contains("413 Payload Too Large. The archive is larger", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_ProxyWithoutExpect_IsTriedAgainWithoutIt()
    {
        var expectations = new List<string?>();
        await using var gitlab = await CoordinatorDouble.StartAsync((context, number) =>
        {
            expectations.Add(context.Request.Headers.Expect);
            context.Response.StatusCode = number == 1 ? 417 : 201;
            return Task.CompletedTask;
        });
        _build.Write("a");
        Assert.Equal(0, await _build.WithPausesAsync(_build.UploadAsync(gitlab.Url, "--path", "a"), 1));
        Assert.Equal(["100-continue", null], expectations);
    }

    [Fact]
    public async Task Upload_RedirectWithinTheHost_KeepsTheBody()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync((context, number) =>
        {
            (context.Response.StatusCode, context.Response.Headers.Location) = number == 1 ? (307, "/other?x=1") : (201, "");
            return Task.CompletedTask;
        });
        _build.Write("a", "content");
        Assert.Equal(0, await _build.UploadAsync(gitlab.Url, "--path", "a", "--artifact-format", "raw"));
        Assert.Equal(("/other", BuildDirectory.Token, 7), (gitlab.Requests.Last().Path, gitlab.Requests.Last().Token, gitlab.Requests.Last().File.Length));
    }

    [Fact]
    public async Task Upload_RedirectToAnotherHost_SendsNothingThere()
    {
        await using var other = await CoordinatorDouble.StartAsync(201);
        await using var gitlab = await CoordinatorDouble.StartAsync((context, _) =>
        {
            (context.Response.StatusCode, context.Response.Headers.Location) = (308, other.Url);
            return Task.CompletedTask;
        });
        _build.Write("a");
        Assert.Equal(1, await _build.UploadAsync(gitlab.Url, "--path", "a"));
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task Upload_NobodyListens_IsTriedThreeTimesAndExplained()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        _build.Write("a");
        Assert.Equal(1, await _build.WithPausesAsync(_build.UploadAsync($"http://127.0.0.1:{port}", "--path", "a"), 1, 5));
        Assert.Contains("Retrying in 5 s (try 3 of 3)", _build.Log, StringComparison.Ordinal);
        Assert.Contains($"FATAL: Uploading artifacts to 127.0.0.1:{port} failed: the host cannot be connected to.", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_ConnectionCutAfterTheBody_IsTriedAgain()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync((context, number) =>
        {
            context.Response.StatusCode = 201;
            if (number == 1)
            {
                context.Abort();
            }

            return Task.CompletedTask;
        });
        _build.Write("a");
        Assert.Equal(0, await _build.WithPausesAsync(_build.UploadAsync(gitlab.Url, "--path", "a"), 1));
        Assert.Equal(2, gitlab.Requests.Count);
    }

    [Fact]
    public async Task Upload_NoAnswerInTime_IsTriedAgain()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(async (context, number) =>
        {
            context.Response.StatusCode = 201;
            if (number == 1)
            {
                await new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
            }
        });
        _build.Write("a");
        var run = _build.UploadAsync(gitlab.Url, "--path", "a", "--response-header-timeout", "7m0s");
        await Until.TrueAsync(() => gitlab.Requests.Count == 1);
        Assert.Equal(0, await _build.WithPausesAsync(run, 420, 1));
        Assert.Contains("did not answer within --response-header-timeout (00:07:00)", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_TimeoutOfAll_IsFinal()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync((context, _) => new TaskCompletionSource().Task.WaitAsync(context.RequestAborted));
        _build.Write("a");
        var run = _build.UploadAsync(gitlab.Url, "--path", "a", "--timeout", "1h0m0s");
        await Until.TrueAsync(() => gitlab.Requests.Count == 1);
        Assert.Equal(1, await _build.WithPausesAsync(run, 3600));
        Assert.Contains("took longer than --timeout (01:00:00)", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_Cancelled_Ends()
    {
        using var cancel = new CancellationTokenSource();
        await using var gitlab = await CoordinatorDouble.StartAsync((context, _) =>
        {
            cancel.Cancel();
            return new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
        });
        _build.Write("a");
        string[] args = ["artifacts-uploader", "--url", gitlab.Url, "--token", BuildDirectory.Token, "--id", "1", "--path", "a"];
        Assert.Equal(1, await RunnerCommand.RunAsync(args, _build.Context, cancel.Token));
        Assert.Contains("FATAL: artifacts-uploader was cancelled.", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_ToOurGitLab_ArrivesAndComesBack()
    {
        var project = Directory.CreateDirectory(Path.Combine(_build.Root, "project")).FullName;
        await File.WriteAllTextAsync(Path.Combine(project, "f"), "", Cancel);
        await using var gitlab = await GitLabDouble.StartAsync(new("127.0.0.1", "g/p"), await RepositoryAsync(project), null, Cancel);
        var token = gitlab.Tokens.Issue();
        _build.Write("out/a", "1");

        Assert.Equal(0, await _build.RunAsync("artifacts-uploader", "--url", gitlab.Url.ToString(), "--token", token, "--id", "7", "--path", "out", "--artifact-type", "archive"));
        Directory.Delete(_build.At("out"), recursive: true);
        Assert.Equal(0, await _build.RunAsync("artifacts-downloader", "--url", gitlab.Url.ToString(), "--token", token, "--id", "7"));

        Assert.Equal("artifacts.zip", gitlab.Artifacts.Archive(7)!.FileName);
        Assert.Equal("1", await File.ReadAllTextAsync(_build.At("out/a"), Cancel));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Text(Stream stream)
    {
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static async Task<string> RepositoryAsync(string project)
    {
        string[][] commands = [["init", "-q"], ["add", "f"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "c"]];
        foreach (var command in commands)
        {
            using var git = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("git", command) { WorkingDirectory = project })!;
            await git.WaitForExitAsync(Cancel);
            Assert.Equal(0, git.ExitCode);
        }

        return project;
    }
}
