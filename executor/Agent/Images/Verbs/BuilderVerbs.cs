using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>What pipelines say to buildx before and after they build: to set up what is set up already. Looking at the builder is in <see cref="InfoVerbs"/>.</summary>
internal static class BuilderVerbs
{
    private const string NothingToDo = "nothing to do, the runner's builder is used";

    /// <summary>Prints the builder's name: scripts pass it on to --builder.</summary>
    public static Task<int> Create(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(
            new("name"), new("use", FlagKind.Switch), new("append", FlagKind.Switch), new("leave", FlagKind.Switch), new("bootstrap", FlagKind.Switch), new("driver"), new("driver-opt", FlagKind.List),
            new("node"), new("platform", FlagKind.List), new("buildkitd-flags"), new("buildkitd-config"), new("flags"), new("config"), new("builder"));
        if (flags.Operands.Count > 1)
        {
            flags.Exactly(1, "CONTEXT or ENDPOINT");
        }

        call.Context.Log.WriteLine($"{call.Command}: {NothingToDo}.");
        call.Context.Output.WriteLine(flags.Last("name") is { Length: > 0 } name ? name : "pod-executor");
        return Task.FromResult(ImageExit.Success);
    }

    /// <summary>use, rm, stop, install and uninstall.</summary>
    public static Task<int> Tolerated(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        call.Parse(
            new("default", FlagKind.Switch), new("global", FlagKind.Switch), new("all-inactive", FlagKind.Switch), new("force", FlagKind.Switch, 'f'), new("keep-daemon", FlagKind.Switch),
            new("keep-state", FlagKind.Switch), new("builder"));
        call.Context.Log.WriteLine($"{call.Command}: {NothingToDo}.");
        return Task.FromResult(ImageExit.Success);
    }

    public static Task<int> DiskUsage(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(new("filter", FlagKind.List), new("format"), new("verbose", FlagKind.Switch), new("builder"));
        if (flags.Last("format") is null or "" or "table" or "pretty")
        {
            call.Context.Output.WriteLine("Reclaimable:\t0B\nTotal:\t\t0B");
        }

        call.Context.Log.WriteLine($"{call.Command}: the builder's cache belongs to all projects and is not shown.");
        return Task.FromResult(ImageExit.Success);
    }
}
