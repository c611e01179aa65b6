using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>One call of a verb.</summary>
/// <param name="Command">As the user called it, for messages: "docker push".</param>
internal sealed record VerbCall(string Command, IReadOnlyList<string> Arguments, ParsedFlags Globals, ImageContext Context)
{
    /// <summary>The verb's flags, with those that nerdctl takes everywhere.</summary>
    /// <exception cref="HelpGivenException">--help: they were printed, and nothing more is to be done.</exception>
    public ParsedFlags Parse(params IEnumerable<Flag> flags)
    {
        var table = new FlagSet(Command, [.. flags]).With(GlobalFlags.Everywhere).With(new Flag("help", FlagKind.Switch, 'h'));
        var parsed = table.Parse(Arguments);
        if (parsed.IsSet("help"))
        {
            Context.Output.WriteLine($"{Command}\n\n  {string.Join("\n  ", table.Names)}\n\nThey mean what docker's mean: see docs/images.md.");
            throw new HelpGivenException();
        }

        foreach (var note in parsed.Notes)
        {
            Context.Warn(note);
        }

        return parsed;
    }

    public bool Insecure(ParsedFlags flags) => flags.IsSet("insecure-registry") || Globals.IsSet("insecure-registry");
}

/// <param name="Name">One to three words.</param>
internal sealed record Verb(string Name, Func<VerbCall, CancellationToken, Task<int>> Run);

/// <summary>What docker and nerdctl can be asked for here, and what is said to everything else.</summary>
internal static class VerbTable
{
    private static readonly Verb[] Verbs =
    [
        new("build", BuildVerb.RunAsync), new("image build", BuildVerb.RunAsync), new("builder build", BuildVerb.RunAsync),
        new("buildx build", BuildVerb.RunAsync), new("buildx b", BuildVerb.RunAsync),
        new("push", PushVerb.RunAsync), new("image push", PushVerb.RunAsync),
        new("pull", PullVerb.RunAsync), new("image pull", PullVerb.RunAsync),
        new("load", LoadVerb.RunAsync), new("image load", LoadVerb.RunAsync),
        new("save", SaveVerb.RunAsync), new("image save", SaveVerb.RunAsync),
        new("login", LoginVerbs.LoginAsync), new("logout", LoginVerbs.LogoutAsync),
        new("tag", ImageVerbs.Tag), new("image tag", ImageVerbs.Tag),
        new("images", ImageVerbs.List), new("image ls", ImageVerbs.List), new("image list", ImageVerbs.List),
        new("rmi", ImageVerbs.Remove), new("image rm", ImageVerbs.Remove), new("image remove", ImageVerbs.Remove),
        new("inspect", ImageVerbs.Inspect), new("image inspect", ImageVerbs.Inspect),
        new("version", InfoVerbs.Version), new("info", InfoVerbs.InfoAsync), new("system info", InfoVerbs.InfoAsync),
        new("buildx version", InfoVerbs.Version), new("buildx ls", InfoVerbs.BuildersAsync), new("buildx inspect", InfoVerbs.BuildersAsync),
        new("buildx create", BuilderVerbs.Create), new("buildx use", BuilderVerbs.Tolerated), new("buildx rm", BuilderVerbs.Tolerated), new("buildx stop", BuilderVerbs.Tolerated),
        new("buildx install", BuilderVerbs.Tolerated), new("buildx uninstall", BuilderVerbs.Tolerated), new("buildx du", BuilderVerbs.DiskUsage), new("builder create", BuilderVerbs.Create), new("builder use", BuilderVerbs.Tolerated),
        new("context create", ContextVerbs.Change), new("context update", ContextVerbs.Change), new("context use", ContextVerbs.Change), new("context rm", ContextVerbs.Change),
        new("context show", ContextVerbs.Show), new("context ls", ContextVerbs.List), new("context list", ContextVerbs.List), new("context inspect", ContextVerbs.Inspect),
        new("buildx imagetools create", ImagetoolsVerbs.CreateAsync), new("buildx imagetools inspect", ImagetoolsVerbs.InspectAsync),
        new("manifest create", ManifestVerbs.CreateAsync), new("manifest annotate", ManifestVerbs.Annotate), new("manifest push", ManifestVerbs.PushAsync),
        new("manifest inspect", ManifestVerbs.InspectAsync), new("manifest rm", ManifestVerbs.Remove),
        .. new[] { "system", "image", "builder", "buildx", "container", "volume", "network" }.Select(g => new Verb(g + " prune", EngineVerbs.Pruned)), new("system df", EngineVerbs.DiskUsage),
        .. new[] { "ps", "container ls", "container list", "container ps" }.Select(l => new Verb(l, EngineVerbs.Containers)), new("volume ls", EngineVerbs.Volumes), new("network ls", EngineVerbs.Networks),
        .. new[] { "rm", "stop", "kill", "container rm", "container stop", "container kill" }.Select(r => new Verb(r, EngineVerbs.RemoveContainers)),
        new("volume rm", EngineVerbs.RemoveVolumes), new("network rm", EngineVerbs.RemoveNetworks),
    ];

    /// <summary>Why a verb of docker's is not here, and what to do instead.</summary>
    private static readonly (string[] Verbs, string Advice)[] Refusals =
    [
        (["run", "create", "start", "exec", "attach"], "no container can be started from a job. Run the command in the job's own image (`image:`), beside it as a service (`services:`), or in a RUN of the Dockerfile"),
        (["compose build", "compose push"], "compose files are not read. Call build -t NAME once for the folder of each service, and push NAME"),
        (["compose", "stack", "swarm", "service"], "no container can be started from a job. Write what the job needs as `services:` of the job"),
        (["logs", "wait", "top", "stats", "port", "cp", "restart", "container"], "there are no containers: a job builds and pushes images only"),
        (["import", "image import"], "a file system becomes an image by a Dockerfile: FROM scratch and ADD FILE.tar /"),
        (["buildx bake"], "bake files are not read. Call build once for each target"),
        (["commit"], "write the step into the Dockerfile"),
        (["search", "history", "trust", "scan", "scout", "sbom", "plugin", "volume", "network", "secret", "config", "node", "events", "diff", "export", "update", "rename", "pause", "unpause"], "it speaks of an engine, and a job has none"),
    ];

    /// <exception cref="ImageException">A verb that is not served.</exception>
    public static (Verb Verb, IReadOnlyList<string> Arguments) Find(IReadOnlyList<string> words, string program)
    {
        for (var count = Math.Min(3, words.Count); count > 0; count--)
        {
            if (Array.Find(Verbs, v => v.Name == string.Join(' ', words.Take(count))) is { } verb)
            {
                return (verb, [.. words.Skip(count)]);
            }
        }

        var plain = VerbWords.Plain(words);
        var two = string.Join(' ', plain.Take(2));
        var advice = Array.Find(Refusals, r => r.Verbs.Contains(two) || r.Verbs.Contains(plain[0])).Advice ?? Array.Find(Refusals, r => r.Verbs.Contains(words[0])).Advice;
        var called = Refusals.Any(r => r.Verbs.Contains(two)) ? two : plain[0] == words[0] ? words[0] : $"{words[0]} {plain[0]}";
        throw new ImageException(
            advice is null
                ? $"{program}: \"{(Array.Exists(Verbs, v => v.Name.StartsWith(words[0] + " ", StringComparison.Ordinal)) ? string.Join(' ', words.Take(2)) : words[0])}\" is not a command that pod-executor knows. This {program} is pod-executor's own; it serves {Served}. Install {program} in the job's image if the job needs more of it."
                : $"{program} {called} cannot be served: {advice}. (This {program} is pod-executor's own, because the job's image has none. It serves {Served}.)",
            ImageExit.Usage);
    }

    /// <summary>Words that only begin a verb, "buildx" or "image", and nothing or --help behind them.</summary>
    public static bool IsHelpOfGroup(IReadOnlyList<string> words)
    {
        var group = words.TakeWhile(w => !w.StartsWith('-')).ToList();
        var begin = string.Join(' ', group) + " ";
        return group.Count > 0 && (words.Count == group.Count || words[group.Count] is "--help" or "-h")
            && Array.Exists(Verbs, v => v.Name.StartsWith(begin, StringComparison.Ordinal)) && !Array.Exists(Verbs, v => v.Name == begin.TrimEnd());
    }

    public static string Help(string program) =>
        $"""
        {program}: pod-executor's own, which builds and pushes images through BuildKit and needs no engine.

          {program} build [FLAGS] CONTEXT     build an image; --push sends it to its registry, -o to files
          {program} push NAME                 push what this job has built, pulled or loaded
          {program} pull NAME                 look an image up, to tag and push it elsewhere: copied as it is
          {program} tag IMAGE NAME            give it another name
          {program} login, logout REGISTRY    only needed where GitLab's own login (CI_REGISTRY_*, DOCKER_AUTH_CONFIG) does not do
          {program} images, inspect, rmi      what this job has built, pulled or loaded
          {program} save -o FILE IMAGE        as an archive; load -i FILE takes one
          {program} manifest create, push     one index over the images of several jobs; so does buildx imagetools create
          {program} version, info             the builder behind it
          {program} ps, rm, prune, context    answered as by an engine that has nothing: old pipelines clean up with them

        Everything else is refused with advice.
        """;

    private static string Served => "build, push, pull, tag, login, logout, images, inspect, rmi, save, load, version, info, manifest, buildx build and buildx imagetools";
}
