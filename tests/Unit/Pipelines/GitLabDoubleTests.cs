using System.Net;
using System.Net.Http.Headers;
using PodExecutor.Driver.Pipelines.GitLab;

namespace PodExecutor.Tests.Unit.Pipelines;

public sealed class GitLabDoubleTests : IAsyncDisposable
{
    private readonly string _project = Directory.CreateTempSubdirectory("project-").FullName;
    private readonly string _elsewhere = Directory.CreateTempSubdirectory("clone-").FullName;
    private GitLabDouble? _gitlab;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_gitlab is not null)
        {
            await _gitlab.DisposeAsync();
        }

        Directory.Delete(_project, recursive: true);
        Directory.Delete(_elsewhere, recursive: true);
    }

    [Fact]
    public async Task Clone_OfADirtyWorkingCopy_HasWhatTheUserSees()
    {
        await CommitAsync("kept", "one");
        await CommitAsync("gone", "one");
        await CommitAsync(".gitignore", "ignored\n");
        await WriteAsync("kept", "changed");
        await WriteAsync("new/file", "untracked");
        await WriteAsync("ignored", "secret");
        File.Delete(Path.Combine(_project, "gone"));
        var before = await GitAsync(_project, "status", "--porcelain");
        var gitlab = await StartAsync();

        await GitAsync(_elsewhere, "clone", "--quiet", gitlab.RepositoryUrl(gitlab.Tokens.Issue()), "copy");

        Assert.Equal("changed", await File.ReadAllTextAsync(Path.Combine(_elsewhere, "copy/kept"), Cancel));
        Assert.Equal("untracked", await File.ReadAllTextAsync(Path.Combine(_elsewhere, "copy/new/file"), Cancel));
        Assert.False(File.Exists(Path.Combine(_elsewhere, "copy/ignored")));
        Assert.False(File.Exists(Path.Combine(_elsewhere, "copy/gone")));
        Assert.True(gitlab.Snapshot.Commit.HasChanges);
        Assert.Equal(before, await GitAsync(_project, "status", "--porcelain"));
    }

    [Fact]
    public async Task Fetch_WithDepthAsARunnerDoes_IsShallow()
    {
        await CommitAsync("a", "1");
        await CommitAsync("a", "2");
        await CommitAsync("a", "3");
        var head = await GitAsync(_project, "rev-parse", "HEAD");
        var gitlab = await StartAsync();
        Assert.Equal((head, "trunk", false), (gitlab.Snapshot.Commit.Sha, gitlab.Snapshot.Commit.Ref, gitlab.Snapshot.Commit.HasChanges));

        await GitAsync(_elsewhere, "init", "--quiet", ".");
        await GitAsync(_elsewhere, "remote", "add", "origin", gitlab.RepositoryUrl(gitlab.Tokens.Issue()));
        await GitAsync(_elsewhere, "fetch", "--quiet", "--depth", "2", "origin", "+refs/heads/trunk:refs/remotes/origin/trunk");

        Assert.Equal("2", await GitAsync(_elsewhere, "rev-list", "--count", "origin/trunk"));
        await GitAsync(_elsewhere, "fetch", "--quiet", "--unshallow", "origin");
        Assert.Equal("3", await GitAsync(_elsewhere, "rev-list", "--count", "origin/trunk"));
    }

    [Fact]
    public async Task Clone_OfADirectoryWithoutGit_HasItsFiles()
    {
        await WriteAsync("file", "content");
        var gitlab = await StartAsync();

        await GitAsync(_elsewhere, "clone", "--quiet", gitlab.RepositoryUrl(gitlab.Tokens.Issue()), "copy");

        Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine(_elsewhere, "copy/file"), Cancel));
    }

    [Fact]
    public async Task Clone_WithAWrongToken_IsRefused()
    {
        await CommitAsync("a", "1");
        var gitlab = await StartAsync();
        var token = gitlab.Tokens.Issue();
        gitlab.Tokens.Revoke(token);

        var wrong = await Assert.ThrowsAsync<GitException>(() => GitAsync(_elsewhere, "clone", "--quiet", gitlab.RepositoryUrl("glcbt-wrong"), "a"));
        await Assert.ThrowsAsync<GitException>(() => GitAsync(_elsewhere, "clone", "--quiet", gitlab.RepositoryUrl(token), "b"));
        Assert.DoesNotContain("fatal: repository", wrong.Message);
    }

    [Fact]
    public async Task Push_ToTheSnapshot_IsRefused()
    {
        await CommitAsync("a", "1");
        var gitlab = await StartAsync();
        var url = gitlab.RepositoryUrl(gitlab.Tokens.Issue());

        await Assert.ThrowsAsync<GitException>(() => GitAsync(_project, "push", url, "HEAD:refs/heads/other"));
    }

    [Fact]
    public async Task Artifacts_UploadedChunked_ComeBackAsTheyWere()
    {
        var gitlab = await StartAsync();
        using var client = Client(gitlab, gitlab.Tokens.Issue());
        var content = new byte[5_000_000];
        Random.Shared.NextBytes(content);
        using var form = new MultipartFormDataContent { { new StreamContent(new MemoryStream(content)), "file", "out.zip" } };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v4/jobs/7/artifacts?artifact_format=zip&artifact_type=archive&expire_in=1+week", UriKind.Relative));
        request.Content = form;
        request.Headers.TransferEncodingChunked = true;
        var posted = await client.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.Created, posted.StatusCode);
        Assert.Equal(("out.zip", content.Length), (gitlab.Artifacts.Archive(7)!.FileName, (int)gitlab.Artifacts.Archive(7)!.Size));
        Assert.Equal(content, await client.GetByteArrayAsync(new Uri("/api/v4/jobs/7/artifacts?direct_download=true", UriKind.Relative), Cancel));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri("/api/v4/jobs/8/artifacts", UriKind.Relative), Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("/api/v4/jobs/7/artifacts", HttpStatusCode.Forbidden)]
    [InlineData("/try/project.git/info/refs?service=git-upload-pack", HttpStatusCode.Unauthorized)]
    [InlineData("/try/project.git/objects/info/packs", HttpStatusCode.NotFound)]
    [InlineData("/", HttpStatusCode.NotFound)]
    public async Task Request_WithoutAToken_GetsNothing(string path, HttpStatusCode expected)
    {
        var gitlab = await StartAsync();
        using var client = Client(gitlab, "glcbt-64_00000000000000000000");

        Assert.Equal(expected, (await client.GetAsync(new Uri(path, UriKind.Relative), Cancel)).StatusCode);
    }

    [Fact]
    public async Task Dotenv_Uploaded_BecomesVariables()
    {
        var gitlab = await StartAsync();
        using var client = Client(gitlab, gitlab.Tokens.Issue());
        using var form = new MultipartFormDataContent { { new ByteArrayContent("# comment\nA=1\nB=\"two words\"\n"u8.ToArray()), "file", "x.env" } };
        await client.PostAsync(new Uri("/api/v4/jobs/7/artifacts?artifact_format=raw&artifact_type=dotenv", UriKind.Relative), form, Cancel);

        Assert.Equal([("A", "1"), ("B", "two words")], (await gitlab.Artifacts.DotenvAsync(7, Cancel)).Select(v => (v.Key, v.Value)));
    }

    [Fact]
    public async Task Fault_Injected_IsAnsweredInsteadOfTheRequest()
    {
        _gitlab = await GitLabDouble.StartAsync(new GitLabOptions("127.0.0.1", "try/project") { Intercept = r => r.Method == "POST" ? 413 : null }, _project, null, Cancel);
        using var client = Client(_gitlab, _gitlab.Tokens.Issue());
        using var body = new StringContent("x");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await client.PostAsync(new Uri("/api/v4/jobs/1/artifacts", UriKind.Relative), body, Cancel)).StatusCode);
    }

    private static HttpClient Client(GitLabDouble gitlab, string token)
    {
        var client = new HttpClient { BaseAddress = gitlab.Url };
        client.DefaultRequestHeaders.Add("JOB-TOKEN", token);
        client.DefaultRequestHeaders.CacheControl = new CacheControlHeaderValue { NoCache = true };
        return client;
    }

    private async Task<GitLabDouble> StartAsync() =>
        _gitlab = await GitLabDouble.StartAsync(new GitLabOptions("127.0.0.1", "try/project"), _project, null, Cancel);

    private async Task CommitAsync(string file, string text)
    {
        if (!Directory.Exists(Path.Combine(_project, ".git")))
        {
            await GitAsync(_project, "init", "--quiet", "--initial-branch", "trunk");
        }

        await WriteAsync(file, text);
        await GitAsync(_project, "add", "--all");
        await GitAsync(_project, "-c", "user.name=A", "-c", "user.email=a@b.invalid", "commit", "--quiet", "--message", "change " + file);
    }

    private async Task WriteAsync(string file, string text)
    {
        var path = Path.Combine(_project, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, text, Cancel);
    }

    private static Task<string> GitAsync(string directory, params string[] arguments) =>
        GitCommand.RunAsync(directory, new Dictionary<string, string> { ["GIT_TERMINAL_PROMPT"] = "0", ["GIT_CONFIG_NOSYSTEM"] = "1" }, null, Cancel, arguments);
}
