namespace PodExecutor.Agent.Images.CommandLine;

/// <summary>What a flag takes.</summary>
internal enum FlagKind
{
    /// <summary>Stands alone, or as <c>--flag=false</c>.</summary>
    Switch,

    /// <summary>One value; the last one given counts.</summary>
    Value,

    /// <summary>One value each time it is given.</summary>
    List,

    /// <summary>May stand alone or as <c>--flag=value</c>, never with the value as the next argument (pflag's NoOptDefVal).</summary>
    Optional,
}

/// <summary>One flag of docker or nerdctl.</summary>
/// <param name="Name">Without dashes.</param>
internal sealed record Flag(string Name, FlagKind Kind = FlagKind.Value, char Short = '\0')
{
    /// <summary>Why the flag changes nothing here; null if it does.</summary>
    public string? Ignored { get; init; }

    /// <summary>Why it is refused, and what to do instead; null if it is served.</summary>
    public string? Refused { get; init; }
}
