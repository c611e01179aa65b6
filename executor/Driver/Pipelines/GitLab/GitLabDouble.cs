using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace PodExecutor.Driver.Pipelines.GitLab;

/// <summary>Where the double listens and what it gives out.</summary>
/// <param name="Address">The name under which jobs reach it; it listens on all addresses unless this is a loopback address.</param>
/// <param name="ProjectPath">group/project.</param>
internal sealed record GitLabOptions(string Address, string ProjectPath)
{
    /// <summary>For tests: answers a request in the server's stead with this status, for example 503.</summary>
    public Func<HttpRequest, int?>? Intercept { get; init; }
}

/// <summary>
/// As much of a GitLab as a running job talks to: one repository to clone and the artifacts API. There is no job queue and no
/// trace here: <see cref="PodExecutor.Driver.Pipelines.Runner.RunnerDouble"/> is handed its job.
/// </summary>
internal sealed class GitLabDouble : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly GitLabOptions _options;
    private readonly string _directory;
    private readonly GitHttp _git;

    private GitLabDouble(GitLabOptions options, string directory, GitSnapshot snapshot)
    {
        (_options, _directory, Snapshot) = (options, directory, snapshot);
        _git = new GitHttp(snapshot.Repository);
        Artifacts = new ArtifactStore(directory);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // Artifacts have any size and jobs any speed.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            var isLocal = options.Address == "localhost" || (IPAddress.TryParse(options.Address, out var ip) && IPAddress.IsLoopback(ip));
            kestrel.Listen(isLocal ? IPAddress.Loopback : IPAddress.Any, 0);
        });
        _server = builder.Build();
        _server.Run(HandleAsync);
    }

    public GitSnapshot Snapshot { get; }

    public JobTokens Tokens { get; } = new();

    public ArtifactStore Artifacts { get; }

    /// <summary>CI_SERVER_URL.</summary>
    public Uri Url { get; private set; } = new("http://localhost");

    public string RepositoryUrl(string token) => $"http://gitlab-ci-token:{token}@{Url.Authority}/{_options.ProjectPath}.git";

    /// <param name="project">The working copy.</param>
    public static async Task<GitLabDouble> StartAsync(GitLabOptions options, string project, string? branch, CancellationToken cancel)
    {
        var directory = Directory.CreateTempSubdirectory("pod-executor-try-").FullName;
        try
        {
            var gitlab = new GitLabDouble(options, directory, await GitSnapshot.CreateAsync(project, directory, branch, cancel));
            await gitlab._server.StartAsync(cancel);
            var port = new Uri(gitlab._server.Urls.First()).Port;
            gitlab.Url = new UriBuilder("http", options.Address, port).Uri;
            return gitlab;
        }
        catch
        {
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using (var atOnce = new CancellationTokenSource())
        {
            // Nobody who still downloads has anybody left to download for.
            await atOnce.CancelAsync();
            await _server.StopAsync(atOnce.Token);
        }

        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (_options.Intercept?.Invoke(context.Request) is { } status)
        {
            // Read first: a client that is still sending would see a reset instead of the status.
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            context.Response.StatusCode = status;
            return;
        }

        var path = context.Request.Path.Value ?? "";
        var repository = $"/{_options.ProjectPath}.git";
        await ((context.Request.Method, path) switch
        {
            ("GET", _) when path == repository + "/info/refs" => WithLoginAsync(context, _git.AdvertiseAsync),
            ("POST", _) when path == repository + "/git-upload-pack" => WithLoginAsync(context, _git.UploadPackAsync),
            ("POST", _) when JobOf(path) is { } job => WithTokenAsync(context, c => Artifacts.UploadAsync(c, job)),
            ("GET", _) when JobOf(path) is { } job => WithTokenAsync(context, c => Artifacts.DownloadAsync(c, job)),
            _ => Refuse(context, StatusCodes.Status404NotFound),
        });
    }

    private Task WithLoginAsync(HttpContext context, Func<HttpContext, Task> serve)
    {
        if (Tokens.IsValidBasic(context.Request.Headers.Authorization))
        {
            return serve(context);
        }

        context.Response.Headers.WWWAuthenticate = "Basic realm=\"GitLab\"";
        return Refuse(context, StatusCodes.Status401Unauthorized);
    }

    private Task WithTokenAsync(HttpContext context, Func<HttpContext, Task> serve) =>
        Tokens.IsValid(context.Request.Headers["JOB-TOKEN"]) ? serve(context) : Refuse(context, StatusCodes.Status403Forbidden);

    private static Task Refuse(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    /// <summary>/api/v4/jobs/ID/artifacts</summary>
    private static long? JobOf(string path) =>
        path.Split('/') is ["", "api", "v4", "jobs", var id, "artifacts"] && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var job) ? job : null;
}
