namespace PodExecutor.Agent.Images.Verbs;

/// <summary>The words of a verb among flags and groups.</summary>
internal static class VerbWords
{
    private static readonly string[] ComposeValues =
        ["-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--project-directory", "--progress", "--ansi", "--parallel"];

    /// <summary>The verb that an advice is looked up for: "image pull" is pull, "compose -f FILE build" is compose build.</summary>
    public static IReadOnlyList<string> Plain(IReadOnlyList<string> words) => words switch
    {
        ["image" or "container", var verb, ..] when !verb.StartsWith('-') => [.. words.Skip(1)],
        ["compose", ..] => ["compose", .. WithoutFlags([.. words.Skip(1)], ComposeValues).Others],
        _ => words,
    };

    /// <summary>buildx's own flags, which stand before its verb: "buildx --builder NAME build" becomes "buildx build" and the flag for it.</summary>
    public static (IReadOnlyList<string> Flags, IReadOnlyList<string> Words) OfBuildx(IReadOnlyList<string> words)
    {
        if (words is not ["buildx", ..])
        {
            return ([], words);
        }

        var (flags, rest) = WithoutFlags([.. words.Skip(1)], ["--builder"]);
        return flags.Contains("--help") || flags.Contains("-h") ? ([], ["buildx"]) : ([.. flags.Where(f => f is not ("-D" or "--debug"))], ["buildx", .. rest]);
    }

    private static (IReadOnlyList<string> Flags, IReadOnlyList<string> Others) WithoutFlags(IReadOnlyList<string> words, IReadOnlyList<string> withValue)
    {
        var end = 0;
        while (end < words.Count && words[end].StartsWith('-'))
        {
            end += withValue.Contains(words[end]) ? 2 : 1;
        }

        return ([.. words.Take(end)], [.. words.Skip(end)]);
    }
}
