using System.Globalization;

namespace PodExecutor.Agent.Artifacts;

/// <summary>A subcommand's flags as given.</summary>
internal sealed class ParsedFlags
{
    private readonly Dictionary<string, List<string>> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _switches = new(StringComparer.Ordinal);

    public List<string> Operands { get; } = [];

    /// <summary>Names of flags that the subcommand does not know, without dashes and values.</summary>
    public List<string> Unknown { get; } = [];

    public void Add(string name, string value)
    {
        if (!_values.TryGetValue(name, out var values))
        {
            _values.Add(name, values = []);
        }

        values.Add(value);
    }

    public void Set(string name, bool value) => _switches[name] = value;

    public bool IsSet(string name) => _switches.GetValueOrDefault(name);

    public IReadOnlyList<string> All(string name) => _values.GetValueOrDefault(name) ?? [];

    /// <summary>The last value given, or null if there is none or it is empty.</summary>
    public string? Last(string name) => All(name) is [.., { Length: > 0 } last] ? last : null;

    /// <summary>null if not given.</summary>
    /// <exception cref="ArtifactException">Not a duration in Go's notation.</exception>
    public TimeSpan? Duration(string name) => Last(name) is not { } text
        ? null
        : GoDuration.TryParse(text, out var duration)
            ? duration
            : throw new ArtifactException($"--{name} {text} is not a duration. Write it like 1h30m, 10m0s or 500ms.");

    /// <summary>--url, --token and --id.</summary>
    /// <exception cref="ArtifactException">One of them is missing or senseless.</exception>
    public Coordinator Coordinator()
    {
        var url = Required("url");
        if (!Uri.TryCreate(url, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
        {
            throw new ArtifactException("--url is not an absolute http or https address. The runner passes its own `url` here: check its config.toml.");
        }

        // An id in the server's words is part of the address, so only digits may get there.
        if (!long.TryParse(Required("id"), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            throw new ArtifactException($"--id {Last("id")} is not a job's number.");
        }

        var token = Required("token");
        return token.All(c => c is > ' ' and < '\x7f')
            ? new Coordinator(server, token, id)
            : throw new ArtifactException("--token holds characters that no job token has. It is not shown here; check the script's CI_JOB_TOKEN.");
    }

    private string Required(string name) => Last(name)
        ?? throw new ArtifactException($"--{name} is missing. The scripts that GitLab Runner generates always pass --url, --token and --id.");
}
