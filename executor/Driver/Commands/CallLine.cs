namespace PodExecutor.Driver.Commands;

/// <summary>
/// One of gitlab-runner's four calls, as its command line says it. Read by hand: the command-line parser costs more than the call's own
/// work. What is not plainly such a call (help, a typo) is left to that parser, which explains it.
/// </summary>
/// <param name="Verb">config, prepare, run or cleanup.</param>
/// <param name="Arguments">Of run: script and stage. Of the others: none.</param>
internal sealed record CallLine(string Verb, string OptionsPath, IReadOnlyList<string> Arguments)
{
    public const string Config = "config";
    public const string Prepare = "prepare";
    public const string Run = "run";
    public const string Cleanup = "cleanup";

    public const string DefaultOptionsPath = "/etc/pod-executor/config.toml";
    public const string ConfigOption = "--config";

    /// <returns>Null for everything else, be it right or wrong.</returns>
    public static CallLine? Parse(IReadOnlyList<string> arguments)
    {
        string? options = null;
        var words = new List<string>(arguments.Count);
        for (var at = 0; at < arguments.Count; at++)
        {
            if (OptionsPathAt(arguments, ref at) is { } path)
            {
                if (options is not null)
                {
                    return null;
                }

                options = path;
            }
            else if (IsPlain(arguments[at]))
            {
                words.Add(arguments[at]);
            }
            else
            {
                return null;
            }
        }

        return words switch
        {
            [Config or Prepare or Cleanup] or [Run, _, _] => new CallLine(words[0], options ?? DefaultOptionsPath, words[1..]),
            _ => null,
        };
    }

    /// <summary>Whether the caller means one of the four calls, however wrong the rest is.</summary>
    public static bool IsCall(string verb) => verb is Config or Prepare or Run or Cleanup;

    private static string? OptionsPathAt(IReadOnlyList<string> arguments, ref int at)
    {
        var word = arguments[at];
        if (word == ConfigOption && at + 1 < arguments.Count && IsPlain(arguments[at + 1]))
        {
            return arguments[++at];
        }

        return word.StartsWith(ConfigOption + "=", StringComparison.Ordinal) && IsPlain(word[(ConfigOption.Length + 1)..]) ? word[(ConfigOption.Length + 1)..] : null;
    }

    /// <summary>Nothing that the parser would give a meaning: no option, response file or directive.</summary>
    private static bool IsPlain(string word) => word.Length > 0 && word[0] is not ('-' or '@' or '[');
}
