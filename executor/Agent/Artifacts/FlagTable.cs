namespace PodExecutor.Agent.Artifacts;

/// <summary>The flags that a subcommand knows, without dashes.</summary>
/// <param name="Valued">Flags that take a value; may be repeated.</param>
/// <param name="Switches">Flags that stand alone, or as <c>--flag=false</c>.</param>
internal sealed record FlagTable(IReadOnlyCollection<string> Valued, IReadOnlyCollection<string> Switches)
{
    /// <summary>
    /// Takes one or two dashes, <c>--flag value</c> and <c>--flag=value</c>, as gitlab-runner's helper does. The runner may be
    /// newer than this agent, so unknown flags are no error: one that is followed by a token without a dash has that as its value.
    /// </summary>
    /// <exception cref="ArtifactException">A known flag lacks its value.</exception>
    public ParsedFlags Parse(IReadOnlyList<string> args)
    {
        var flags = new ParsedFlags();
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] is "-" or "--" || !args[i].StartsWith('-'))
            {
                flags.Operands.Add(args[i]);
                continue;
            }

            var (name, inline) = Split(args[i]);
            if (Valued.Contains(name))
            {
                flags.Add(name, inline ?? (++i < args.Count ? args[i] : throw MissingValue(name)));
            }
            else if (Switches.Contains(name))
            {
                flags.Set(name, inline is not ("false" or "0"));
            }
            else
            {
                flags.Unknown.Add(name);
                i += inline is null && i + 1 < args.Count && !args[i + 1].StartsWith('-') ? 1 : 0;
            }
        }

        return flags;
    }

    private static (string Name, string? Value) Split(string token)
    {
        var bare = token.StartsWith("--", StringComparison.Ordinal) ? token[2..] : token[1..];
        var equals = bare.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (bare, null) : (bare[..equals], bare[(equals + 1)..]);
    }

    private static ArtifactException MissingValue(string name) =>
        new($"--{name} has no value. The script that calls gitlab-runner is damaged or was written by hand; each --{name} needs one value.");
}
