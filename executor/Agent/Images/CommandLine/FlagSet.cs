namespace PodExecutor.Agent.Images.CommandLine;

/// <summary>
/// The flags of one verb, read as pflag does for docker and nerdctl: <c>--flag value</c>, <c>--flag=value</c>, <c>-f value</c>,
/// <c>-fvalue</c>, <c>-f=value</c>, joined short switches, operands anywhere, <c>--</c> ends the flags. A table of our own and not System.CommandLine:
/// two foreign programs' grammars are followed to the letter, and the agent stays small (docs/adr/0026).
/// </summary>
internal sealed class FlagSet(string command, params IEnumerable<Flag> flags)
{
    private readonly List<Flag> _flags = [.. flags];

    public FlagSet With(params IEnumerable<Flag> more) => new(command, [.. _flags, .. more.Where(m => Find(m.Name) is null)]);

    /// <exception cref="ImageException">Unknown or refused flags, or values missing: all of them at once.</exception>
    public ParsedFlags Parse(IReadOnlyList<string> arguments)
    {
        var parsed = new ParsedFlags(command);
        var problems = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument == "--")
            {
                parsed.Operands.AddRange(arguments.Skip(i + 1));
                break;
            }

            if (argument.Length < 2 || argument[0] != '-')
            {
                parsed.Operands.Add(argument);
                continue;
            }

            i += argument.StartsWith("--", StringComparison.Ordinal)
                ? Long(argument[2..], arguments, i, parsed, problems)
                : Shorts(argument[1..], arguments, i, parsed, problems);
        }

        return problems.Count == 0 ? parsed : throw new ImageException($"{command}: {string.Join($"\n{command}: ", problems)}", ImageExit.Usage);
    }

    /// <returns>How many of the following arguments were taken.</returns>
    private int Long(string text, IReadOnlyList<string> arguments, int at, ParsedFlags parsed, List<string> problems)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? text : text[..equals];
        if (Find(name) is not { } flag)
        {
            problems.Add($"unknown flag: --{name}. {Nearest(name)}");
            return 0;
        }

        return Take(flag, equals < 0 ? null : text[(equals + 1)..], arguments, at, parsed, problems);
    }

    private int Shorts(string text, IReadOnlyList<string> arguments, int at, ParsedFlags parsed, List<string> problems)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (_flags.Find(f => f.Short == text[i]) is not { } flag)
            {
                problems.Add($"unknown shorthand flag: '{text[i]}' in -{text}. {Help}");
                return 0;
            }

            var rest = text[(i + 1)..];
            if (flag.Kind != FlagKind.Switch || rest.StartsWith('='))
            {
                return Take(flag, rest.Length == 0 ? null : rest.TrimStart('='), arguments, at, parsed, problems);
            }

            Take(flag, null, arguments, at, parsed, problems);
        }

        return 0;
    }

    private static int Take(Flag flag, string? inline, IReadOnlyList<string> arguments, int at, ParsedFlags parsed, List<string> problems)
    {
        // --flag=false asks for what is so anyway.
        var isOff = flag.Kind is FlagKind.Switch && inline is not null && IsBoolean(inline) && inline[0] is ('0' or 'f' or 'F');
        if (isOff)
        {
            parsed.Add(flag.Name, inline!);
            return 0;
        }

        if (flag.Refused is { } refused)
        {
            problems.Add($"--{flag.Name} cannot be served: {refused}");
        }
        else if (flag.Ignored is { } ignored)
        {
            parsed.Notes.Add($"--{flag.Name} changes nothing here: {ignored}");
        }

        if (flag.Kind is FlagKind.Switch or FlagKind.Optional)
        {
            if (flag.Kind == FlagKind.Switch && inline is not null && !IsBoolean(inline))
            {
                problems.Add($"--{flag.Name}={inline}: true or false is expected");
            }

            parsed.Add(flag.Name, inline ?? "true");
            return 0;
        }

        if (inline is null && at + 1 == arguments.Count)
        {
            problems.Add($"flag needs a value: --{flag.Name}");
            return 0;
        }

        parsed.Add(flag.Name, inline ?? arguments[at + 1]);
        return inline is null ? 1 : 0;
    }

    private Flag? Find(string name) => _flags.Find(f => f.Name == name);

    private string Help => $"\"{command} --help\" lists the flags that pod-executor knows.";

    private string Nearest(string name) =>
        _flags.Select(f => f.Name).FirstOrDefault(f => f.Length > 2 && (f.StartsWith(name, StringComparison.Ordinal) || name.StartsWith(f, StringComparison.Ordinal))) is { } near
            ? $"Did you mean --{near}?"
            : Help;

    public IEnumerable<string> Names => _flags.Select(f => (f.Short == '\0' ? "    " : $"-{f.Short}, ") + "--" + f.Name);

    // strconv.ParseBool
    private static bool IsBoolean(string text) => text is "1" or "t" or "T" or "TRUE" or "true" or "True" or "0" or "f" or "F" or "FALSE" or "false" or "False";
}
