using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Listing;
using PodExecutor.Agent.Images.Recipes;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>
/// What pipelines ask an engine for before and after their build, without needing one: to list and to clean up. A job has no container, volume or network, so that
/// lists are empty and nothing is there to be removed; what a script does next depends on nothing else.
/// </summary>
internal static class EngineVerbs
{
    private static readonly Flag[] ListFlags =
    [
        new("all", FlagKind.Switch, 'a'), new("quiet", FlagKind.Switch, 'q'), new("filter", FlagKind.List, 'f'), new("format"), new("last", FlagKind.Value, 'n'), new("latest", FlagKind.Switch, 'l'),
        new("no-trunc", FlagKind.Switch), new("size", FlagKind.Switch, 's'),
    ];

    private static readonly Flag[] PruneFlags =
    [
        new("all", FlagKind.Switch, 'a'), new("force", FlagKind.Switch, 'f'), new("filter", FlagKind.List), new("volumes", FlagKind.Switch), new("keep-storage"), new("reserved-space"),
        new("max-used-space"), new("min-free-space"), new("verbose", FlagKind.Switch), new("builder"),
    ];

    public static Task<int> Containers(VerbCall call, CancellationToken cancel) => Empty(
        call,
        "Command=COMMAND|CreatedAt=CREATED AT|ID=CONTAINER ID|Image=IMAGE|Labels=LABELS|LocalVolumes=LOCAL VOLUMES|Mounts=MOUNTS|Names=NAMES|Networks=NETWORKS|Ports=PORTS|RunningFor=CREATED|Size=SIZE|State=STATE|Status=STATUS",
        "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
        cancel);

    public static Task<int> Volumes(VerbCall call, CancellationToken cancel) =>
        Empty(call, "Driver=DRIVER|Labels=LABELS|Mountpoint=MOUNTPOINT|Name=VOLUME NAME|Scope=SCOPE|Size=SIZE", "{{.Driver}}\t{{.Name}}", cancel);

    public static Task<int> Networks(VerbCall call, CancellationToken cancel) =>
        Empty(call, "CreatedAt=CREATED AT|Driver=DRIVER|ID=NETWORK ID|Labels=LABELS|Name=NAME|Scope=SCOPE", "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}", cancel);

    /// <summary>rm, stop and kill of containers: docker's words where one is named, for there is none; content where none is.</summary>
    public static Task<int> RemoveContainers(VerbCall call, CancellationToken cancel) => Gone(call, name => $"No such container: {name}", cancel);

    public static Task<int> RemoveVolumes(VerbCall call, CancellationToken cancel) => Gone(call, name => $"get {name}: no such volume", cancel);

    public static Task<int> RemoveNetworks(VerbCall call, CancellationToken cancel) => Gone(call, name => $"network {name} not found", cancel);

    /// <summary>The images of this job stay: a later push needs them.</summary>
    public static Task<int> Pruned(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        call.Parse(PruneFlags);
        var isCache = call.Command.EndsWith("builder prune", StringComparison.Ordinal) || call.Command.EndsWith("buildx prune", StringComparison.Ordinal);
        if (!call.Command.EndsWith("network prune", StringComparison.Ordinal))
        {
            call.Context.Output.WriteLine(isCache ? "Total:\t0B" : "Total reclaimed space: 0B");
        }

        call.Context.Log.WriteLine($"{call.Command}: a job keeps nothing, and the builder's cache belongs to all projects: it cleans up by its own rules.");
        return Task.FromResult(ImageExit.Success);
    }

    public static Task<int> DiskUsage(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(new("format"), new("verbose", FlagKind.Switch, 'v'));
        var images = new RecipeStore(call.Context.StateDirectory).All().Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        new ListOutput("Active=ACTIVE|Reclaimable=RECLAIMABLE|Size=SIZE|TotalCount=TOTAL|Type=TYPE", "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}").Write(
            call.Context.Output,
            flags.Last("format"),
            new[] { $"TotalCount={images}|Type=Images", "TotalCount=0|Type=Containers", "TotalCount=0|Type=Local Volumes", "TotalCount=0|Type=Build Cache" }.Select(
                line => ListOutput.Line("Active=0|Reclaimable=0B|Size=0B|" + line)));
        return Task.FromResult(ImageExit.Success);
    }

    private static Task<int> Empty(VerbCall call, string headers, string table, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(ListFlags);
        if (!flags.IsSet("quiet"))
        {
            new ListOutput(headers, table).Write(call.Context.Output, flags.Last("format"), []);
        }

        return Task.FromResult(ImageExit.Success);
    }

    private static Task<int> Gone(VerbCall call, Func<string, string> missing, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var stops = call.Command.EndsWith("stop", StringComparison.Ordinal) || call.Command.EndsWith("kill", StringComparison.Ordinal);
        var flags = call.Parse(stops
            ? [new("signal", FlagKind.Value, 's'), new("timeout", FlagKind.Value, 't'), new("time")]
            : new Flag[] { new("force", FlagKind.Switch, 'f'), new("link", FlagKind.Switch, 'l'), new("volumes", FlagKind.Switch, 'v') });
        foreach (var name in flags.Operands)
        {
            call.Context.Log.WriteLine($"Error response from daemon: {missing(name)}");
        }

        if (flags.Operands.Count == 0)
        {
            // docker wants one at least; what a script lists to be removed is never anything here.
            call.Context.Log.WriteLine($"{call.Command}: nothing to do, a job has no containers, volumes or networks.");
        }

        return Task.FromResult(flags.Operands.Count == 0 || flags.IsSet("force") ? ImageExit.Success : ImageExit.Failure);
    }
}
