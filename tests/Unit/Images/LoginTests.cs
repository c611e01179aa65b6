using System.Net;
using System.Net.Sockets;
using System.Text;
using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Logins;

namespace PodExecutor.Tests.Unit.Images;

public sealed class LoginTests : IDisposable
{
    private readonly ImageDesk _desk = new();

    private string ConfigPath => Path.Combine(_desk.Folder, "config.json");

    public void Dispose() => _desk.Dispose();

    [Theory]
    [InlineData("HTTP_PROXY=http://u:p@proxy:3128 NO_PROXY=localhost", null)]
    [InlineData("ALL_PROXY=socks5://other", "tcp://docker:2376")]
    public void Proxies_OfTheConfiguration_AreThoseOfTheEngineOrTheDefault(string expected, string? host)
    {
        var config = DockerConfig.Parse(
            """{"proxies": {"default": {"httpProxy": "http://u:p@proxy:3128", "httpsProxy": "", "noProxy": "localhost"}, "tcp://docker:2376": {"allProxy": "socks5://other"}}}""", "config.json");

        Assert.Equal(expected, string.Join(' ', config.Proxies(host).Select(p => $"{p.Key}={p.Value}")));
    }

    [Fact]
    public void Book_AsksConfigThenVariableThenGitLab()
    {
        _desk.Write("config.json", Config("a.io", "file"));
        _desk.Variables["DOCKER_AUTH_CONFIG"] = """{"auths":{"a.io":{"auth":"dmFyOng="},"b.io":{"username":"var","password":"x"}}}""";
        (_desk.Variables["CI_REGISTRY"], _desk.Variables["CI_REGISTRY_USER"], _desk.Variables["CI_REGISTRY_PASSWORD"]) = ("c.io:5050", "gitlab-ci-token", "token");
        (_desk.Variables["CI_DEPENDENCY_PROXY_SERVER"], _desk.Variables["CI_DEPENDENCY_PROXY_USER"], _desk.Variables["CI_DEPENDENCY_PROXY_PASSWORD"]) = ("d.io:443", "proxy", "p");

        var book = new LoginBook(_desk.Variables.GetValueOrDefault, ConfigPath);

        Assert.Equal(["file", "var", "gitlab-ci-token", "proxy"], new[] { "a.io", "b.io", "c.io:5050", "d.io" }.Select(r => book.Find(r)?.Username));
        Assert.Null(book.Find("e.io"));
    }

    [Theory]
    [InlineData("https://index.docker.io/v1/")]
    [InlineData("docker.io")]
    [InlineData("registry-1.docker.io")]
    public void Book_KnowsDockerHubByAllItsNames(string name)
    {
        _desk.Write("config.json", Config(name, "hub"));

        Assert.Equal("hub", new LoginBook(_ => null, ConfigPath).Find("registry-1.docker.io")?.Username);
    }

    [Fact]
    public void Book_WithACredentialHelper_NamesItWhereALoginIsMissed()
    {
        _desk.Write("config.json", """{"credHelpers":{"123.dkr.ecr.eu-west-1.amazonaws.com":"ecr-login"},"credsStore":"desktop"}""");

        var book = new LoginBook(_ => null, ConfigPath);

        Assert.Contains("docker-credential-ecr-login", book.Origin("123.dkr.ecr.eu-west-1.amazonaws.com"));
        Assert.Contains("docker-credential-desktop", book.Origin("other.io"));
    }

    [Fact]
    public void Config_Damaged_IsNamedWithoutItsText()
    {
        _desk.Write("config.json", """{"auths": s3cret}""");
        var file = Assert.Throws<ImageException>(() => new LoginBook(_ => null, ConfigPath));
        var variable = Assert.Throws<ImageException>(() => new LoginBook(n => n == "DOCKER_AUTH_CONFIG" ? """{"auths":{"a.io":{"auth":"s3cret!"}}}""" : null, ConfigPath + "x"));

        Assert.Contains(ConfigPath, file.Message);
        Assert.Contains("DOCKER_AUTH_CONFIG", variable.Message);
        Assert.DoesNotContain("s3cret", file.Message + variable.Message);
    }

    [Fact]
    public async Task Login_ByManyAtOnce_LosesNone()
    {
        var registries = Enumerable.Range(0, 24).Select(i => $"r{i}.io").ToList();
        using var together = new Barrier(registries.Count);
        var logins = registries.Select(registry => Task.Factory.StartNew(
            () =>
            {
                together.SignalAndWait(TestContext.Current.CancellationToken);
                return DockerConfigFile.Update(Path.Combine(_desk.Folder, "new/config.json"), TimeSpan.FromSeconds(20), config =>
                {
                    config.Set(registry, new RegistryLogin("user", registry));
                    return true;
                });
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default));

        await Task.WhenAll(logins);

        var book = new LoginBook(_ => null, Path.Combine(_desk.Folder, "new/config.json"));
        Assert.Equal(registries, registries.Select(r => book.Find(r)?.Secret));
        Assert.Equal(["config.json", "config.json.lock"], Directory.EnumerateFiles(Path.Combine(_desk.Folder, "new")).Select(f => Path.GetFileName(f)).Order());
    }

    [Fact]
    public void Update_WhileAnotherHoldsTheFile_EndsWithItsName()
    {
        using var held = new FileStream(ConfigPath + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

        var error = Assert.Throws<ImageException>(() => DockerConfigFile.Update(ConfigPath, TimeSpan.FromMilliseconds(20), _ => true));

        Assert.Contains(ConfigPath + ".lock", error.Message);
        Assert.False(File.Exists(ConfigPath));
    }

    [Fact]
    public async Task Login_WithAConfigFolderOnTheCommandLine_IsKeptThere()
    {
        _desk.Variables["DOCKER_CONFIG"] = Path.Combine(_desk.Folder, "other");
        _desk.Input = "s3cret"u8.ToArray();

        // Nobody listens there: the login is kept, with a warning.
        Assert.Equal(0, await _desk.RunAsync("docker", "--config", "mine", "login", "127.0.0.1:1", "-u", "admin", "--password-stdin"));

        Assert.Equal("admin", new LoginBook(_ => null, Path.Combine(_desk.Folder, "mine/config.json")).Find("127.0.0.1:1")?.Username);
        Assert.False(Path.Exists(Path.Combine(_desk.Folder, "other")));
        Assert.Equal(0, await _desk.RunAsync("docker", "--config=mine", "logout", "127.0.0.1:1"));
        Assert.Contains("Removing login credentials", _desk.Output);
    }

    [Fact]
    public async Task Login_IsKeptForOtherTools_AndLogoutTakesItAway()
    {
        _desk.Variables["DOCKER_CONFIG"] = _desk.Folder;
        _desk.Write("config.json", """{"auths":{"a.io":{"auth":"YTpi"}},"HttpHeaders":{"X":"y"}}""");
        _desk.Input = "s3cret\n"u8.ToArray();

        // Nobody listens there: the login is kept, with a warning.
        Assert.Equal(0, await _desk.RunAsync("nerdctl", "login", "--insecure-registry", "127.0.0.1:1", "-u", "admin", "--password-stdin"));
        var text = File.ReadAllText(ConfigPath);
        Assert.Contains(Convert.ToBase64String("admin:s3cret"u8), text);
        Assert.Contains("YTpi", text);
        Assert.Contains("HttpHeaders", text);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ConfigPath));
        Assert.Contains("Login Succeeded", _desk.Output);
        Assert.Contains("could not be asked", _desk.Log);

        Assert.Equal(0, await _desk.RunAsync("docker", "logout", "127.0.0.1:1"));
        Assert.DoesNotContain("127.0.0.1", File.ReadAllText(ConfigPath));
        Assert.Contains("YTpi", File.ReadAllText(ConfigPath));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Check_OfARegistryThatHangs_IsNoRefusal(bool insecure)
    {
        // The kernel takes the connection, nobody answers on it: neither TLS nor HTTP.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        var verdict = await new LoginCheck(insecure, null) { Patience = TimeSpan.FromSeconds(1), ConnectTimeout = TimeSpan.FromSeconds(0.2) }
            .TryAsync(silent.LocalEndpoint.ToString()!, new RegistryLogin("a", "b"), TestContext.Current.CancellationToken);

        Assert.Equal(new LoginVerdict(NotAsked: "no answer in time"), verdict);
    }

    [Theory]
    [InlineData("is the variable set", "login", "r.io", "-u", "admin", "-p", "")]
    [InlineData("The registry's name is empty", "login", "", "-u", "a", "-p", "b")]
    [InlineData("--password-stdin", "login", "r.io", "-u", "admin")]
    public async Task Login_WithSomethingMissing_SaysWhat(string expected, params string[] arguments)
    {
        Assert.Equal(ImageExit.Usage, await _desk.RunAsync("docker", arguments));
        Assert.Contains(expected, _desk.Log, StringComparison.OrdinalIgnoreCase);
    }

    private static string Config(string registry, string user) =>
        "{\"auths\":{\"" + registry + "\":{\"auth\":\"" + Convert.ToBase64String(Encoding.UTF8.GetBytes(user + ":x")) + "\"}}}";
}
