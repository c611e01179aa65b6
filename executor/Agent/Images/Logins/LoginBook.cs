namespace PodExecutor.Agent.Images.Logins;

/// <summary>
/// Whose login opens which registry, without anybody logging in. In this order: `docker login` of the job (config.json), DOCKER_AUTH_CONFIG, then what
/// GitLab gives every job (CI_REGISTRY_*, the dependency proxy). The order is docker's: what the job did itself wins.
/// </summary>
internal sealed class LoginBook
{
    private readonly List<(string Source, IReadOnlyDictionary<string, RegistryLogin> Logins)> _books = [];
    private readonly DockerConfig _config;

    /// <param name="variable">The job's variables.</param>
    /// <param name="configPath">docker's config.json; need not be there.</param>
    /// <exception cref="ImageException">A configuration is damaged.</exception>
    public LoginBook(Func<string, string?> variable, string configPath)
    {
        _config = DockerConfig.Read(configPath);
        _books.Add((configPath, _config.Logins()));
        if (variable("DOCKER_AUTH_CONFIG") is { Length: > 0 } text)
        {
            // A variable of type "file" holds the file's path.
            var isFile = text[0] == '/' && File.Exists(text);
            _books.Add(("DOCKER_AUTH_CONFIG", DockerConfig.Parse(isFile ? File.ReadAllText(text) : text, "The variable DOCKER_AUTH_CONFIG").Logins()));
        }

        _books.Add(("the job's own login", GitLab(variable)));
    }

    /// <summary>The login of a registry, or null: anonymous.</summary>
    public RegistryLogin? Find(string registry)
    {
        var host = RegistryHost.Canonical(registry);
        return _books.Select(b => b.Logins.GetValueOrDefault(host)).FirstOrDefault(l => l is not null);
    }

    /// <summary>Where the login of a registry comes from, for a message about a refused one.</summary>
    public string Origin(string registry)
    {
        var host = RegistryHost.Canonical(registry);
        var book = _books.Find(b => b.Logins.ContainsKey(host));
        return book.Source is not null
            ? $"the login {book.Logins[host].Username} of {book.Source} was used"
            : _config.HelperOf(host) is { } helper
                ? $"no login was used: {_books[0].Source} leaves this registry to the program docker-credential-{helper}, which pod-executor does not run. "
                    + $"Log in with a token instead, for example: docker-credential-{helper} get, or your cloud's command for a registry password, piped into `docker login --password-stdin {registry}`"
                : $"no login was used: add one by `docker login {registry}`, DOCKER_AUTH_CONFIG, or the CI_REGISTRY_* variables";
    }

    private static Dictionary<string, RegistryLogin> GitLab(Func<string, string?> variable)
    {
        var logins = new Dictionary<string, RegistryLogin>(StringComparer.Ordinal);
        Add("CI_DEPENDENCY_PROXY_SERVER", "CI_DEPENDENCY_PROXY_USER", "CI_DEPENDENCY_PROXY_PASSWORD");
        Add("CI_REGISTRY", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD");
        Add("CI_REGISTRY", "CI_DEPLOY_USER", "CI_DEPLOY_PASSWORD", onlyIfAbsent: true);
        return logins;

        void Add(string registry, string user, string password, bool onlyIfAbsent = false)
        {
            if (variable(registry) is { Length: > 0 } host && variable(user) is { Length: > 0 } name && variable(password) is { Length: > 0 } secret)
            {
                var key = RegistryHost.Canonical(host);
                if (!onlyIfAbsent || !logins.ContainsKey(key))
                {
                    logins[key] = new RegistryLogin(name, secret);
                }
            }
        }
    }
}
