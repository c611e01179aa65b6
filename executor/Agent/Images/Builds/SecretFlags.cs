using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>--secret <c>id=NAME[,env=VARIABLE|,src=FILE]</c>, as buildx reads it.</summary>
internal sealed class SecretFlags(ParsedFlags flags, Func<string, string?> variable)
{
    /// <exception cref="ImageException">No id, or a field that is not known.</exception>
    public IReadOnlyList<SecretRequest> Read() => flags.All("secret").Select(One).LastOfEach(s => s.Id);

    private SecretRequest One(string text)
    {
        var fields = flags.Fields("secret", text);
        if (fields.Keys.FirstOrDefault(k => k is not ("id" or "type" or "src" or "source" or "env")) is { } unknown)
        {
            throw flags.Wrong($"--secret {text}: \"{unknown}\" is not known. Write --secret id=NAME,env=VARIABLE or --secret id=NAME,src=FILE; where it is mounted says the Dockerfile");
        }

        var id = fields.GetValueOrDefault("id") ?? throw flags.Wrong($"--secret {text}: id=… is missing. Write --secret id=NAME,env=VARIABLE or --secret id=NAME,src=FILE");
        var type = fields.GetValueOrDefault("type");
        var file = fields.GetValueOrDefault("src") ?? fields.GetValueOrDefault("source");
        var env = fields.GetValueOrDefault("env");
        return type switch
        {
            null or "file" when file is not null => new SecretRequest(id, null, file),
            "env" => new SecretRequest(id, env ?? file ?? id, null),
            null when env is not null => new SecretRequest(id, env, null),

            // docker: neither src nor env: the variable of the id's name if it is set, else the file of that name.
            null => variable(id) is not null ? new SecretRequest(id, id, null) : new SecretRequest(id, null, id, IsGuess: true),
            "file" => new SecretRequest(id, null, id),
            _ => throw flags.Wrong($"--secret {text}: type={type} is not known; use env or file"),
        };
    }
}
