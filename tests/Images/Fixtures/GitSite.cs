using System.Diagnostics;
using System.Net;
using System.Text;

namespace PodExecutor.Tests.Images.Fixtures;

/// <summary>A web site with one git repository, by git's own http-backend, that lets nobody in without the job's token; and with files for anyone.</summary>
internal sealed class GitSite : IAsyncDisposable
{
    public const string JobToken = "glcbt-64_of-the-test";

    private readonly string _root = Directory.CreateTempSubdirectory("git-site-").FullName;
    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    private GitSite(int port)
    {
        Authority = $"127.0.0.1:{port}";
        _listener.Prefixes.Add($"http://{Authority}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Authority { get; }

    /// <summary>Files that anyone may fetch, by their paths.</summary>
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    public static async Task<GitSite> StartAsync(Action<string> write)
    {
        var site = new GitSite(Ports.Free());
        var work = Path.Combine(site._root, "work");
        Directory.CreateDirectory(work);
        write(work);
        await RunAsync(work, "git init -q -b main && git add -A && git -c user.name=t -c user.email=t@t.test commit -q -m first && git clone -q --bare . ../repo.git");
        return site;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
        Directory.Delete(_root, recursive: true);
    }

    private static async Task RunAsync(string folder, string script)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-ec", script]) { WorkingDirectory = folder, RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _ = AnswerAsync(await _listener.GetContextAsync());
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var response = context.Response;
        if (Files.TryGetValue(context.Request.Url!.AbsolutePath, out var file))
        {
            await response.OutputStream.WriteAsync(context.Request.HttpMethod == "HEAD" ? [] : file);
            return;
        }

        var login = "basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes("gitlab-ci-token:" + JobToken));
        if (!login.Equals(context.Request.Headers["Authorization"], StringComparison.OrdinalIgnoreCase))
        {
            response.StatusCode = 401;
            response.AddHeader("WWW-Authenticate", "Basic realm=\"git\"");
            return;
        }

        await BackendAsync(context.Request, response);
    }

    /// <summary>One request through git's CGI.</summary>
    private async Task BackendAsync(HttpListenerRequest request, HttpListenerResponse response)
    {
        var start = new ProcessStartInfo("/usr/lib/git-core/git-http-backend") { RedirectStandardInput = true, RedirectStandardOutput = true };
        (string Name, string? Value)[] variables =
        [
            ("GIT_PROJECT_ROOT", _root), ("GIT_HTTP_EXPORT_ALL", "1"), ("PATH_INFO", request.Url!.AbsolutePath), ("QUERY_STRING", request.Url.Query.TrimStart('?')),
            ("REQUEST_METHOD", request.HttpMethod), ("CONTENT_TYPE", request.ContentType), ("GIT_PROTOCOL", request.Headers["Git-Protocol"]),
            ("HTTP_CONTENT_ENCODING", request.Headers["Content-Encoding"]), ("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*"),
        ];
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value ?? "";
        }

        using var backend = Process.Start(start)!;
        await request.InputStream.CopyToAsync(backend.StandardInput.BaseStream);
        backend.StandardInput.Close();
        using var all = new MemoryStream();
        await backend.StandardOutput.BaseStream.CopyToAsync(all);
        var bytes = all.ToArray();
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        foreach (var header in Encoding.ASCII.GetString(bytes, 0, end).Split("\r\n").Select(l => l.Split(": ", 2)))
        {
            if (header[0] == "Status")
            {
                response.StatusCode = int.Parse(header[1][..3], System.Globalization.CultureInfo.InvariantCulture);
            }
            else
            {
                response.Headers[header[0]] = header[1];
            }
        }

        await response.OutputStream.WriteAsync(bytes.AsMemory(end + 4));
    }
}
