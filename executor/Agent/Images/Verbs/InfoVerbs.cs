using System.Text.Json.Nodes;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Listing;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.Solving;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>version, info, and the builder as buildx shows it.</summary>
internal static class InfoVerbs
{
    /// <summary>docker 28's, whose command line is followed.</summary>
    private const string ApiVersion = "1.50";

    /// <summary>`docker --version`.</summary>
    public static Task<int> ShortVersion(ImageContext context)
    {
        context.Output.WriteLine($"{context.Name} version {AgentVersion.Text} (pod-executor)");
        return Task.FromResult(ImageExit.Success);
    }

    public static Task<int> Version(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var flags = call.Parse(new Flag("format", FlagKind.Value, 'f'), new("builder"));
        call.Context.Output.WriteLine(flags.Last("format") is { Length: > 0 } format ? GoTemplate.Expand(format, VersionFields) : $"""
            Client: pod-executor's {call.Context.Name}
             Version:  {AgentVersion.Text}
             OS/Arch:  linux/{ImageFields.OwnArchitecture}
             Builds through BuildKit, without a local engine.
            """);
        return Task.FromResult(ImageExit.Success);
    }

    /// <summary>info: scripts wait for it to succeed, and read some fields.</summary>
    public static Task<int> InfoAsync(VerbCall call, CancellationToken cancel) => BuilderAsync(call, call.Parse(new Flag("format", FlagKind.Value, 'f')), InfoFields, cancel);

    /// <summary>buildx ls and inspect.</summary>
    public static Task<int> BuildersAsync(VerbCall call, CancellationToken cancel) => BuilderAsync(
        call, call.Parse(new("format"), new("no-trunc", FlagKind.Switch), new("bootstrap", FlagKind.Switch), new("timeout"), new("builder")), BuilderFields, cancel);

    /// <summary>There is one program, which is client and, as far as scripts can tell, server: the builder has no version of Docker's.</summary>
    private static JsonObject VersionFields => new() { ["Client"] = Side("DefaultAPIVersion", "Context=default"), ["Server"] = Side("MinAPIVersion", "Experimental=false") };

    private static JsonObject Side(string api, string more)
    {
        var side = ListOutput.Line($"Version={AgentVersion.Text}|ApiVersion={ApiVersion}|{api}={ApiVersion}|Os=linux|Arch={ImageFields.OwnArchitecture}|{more}");
        side["Platform"] = ListOutput.Line("Name=pod-executor");
        return side;
    }

    /// <param name="images">How many this job has.</param>
    public static JsonObject InfoFields(string builder, DaemonCapabilities abilities, int images)
    {
        var worker = abilities.Workers.Count > 0 ? abilities.Workers[0] : null;
        var architecture = (worker is { Platforms: [var first, ..] } ? first : "linux/" + ImageFields.OwnArchitecture).Split('/')[1] switch { "amd64" => "x86_64", "arm64" => "aarch64", var other => other };
        var driver = worker?.Labels.GetValueOrDefault("org.mobyproject.buildkit.worker.snapshotter") ?? "remote";
        var fields = ListOutput.Line(
            $"ID={builder}|Name={builder}|ServerVersion={AgentVersion.Text}|BuildKitVersion={abilities.Version}|Driver={driver}|OSType=linux|OperatingSystem=Linux|Architecture={architecture}");
        foreach (var (name, number) in new[]
        {
            ("Containers", 0), ("ContainersRunning", 0), ("ContainersPaused", 0), ("ContainersStopped", 0), ("Images", images), ("NCPU", Environment.ProcessorCount),
            ("MemTotal", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
        })
        {
            fields[name] = number;
        }

        foreach (var list in new[] { "Labels", "SecurityOptions", "Warnings" })
        {
            fields[list] = new JsonArray();
        }

        fields["Swarm"] = ListOutput.Line("NodeID=|LocalNodeState=inactive");
        fields["IndexServerAddress"] = Logins.RegistryHost.ConfigKey(References.ImageReference.DockerHub);
        fields["ClientInfo"] = VersionFields["Client"]!.DeepClone();
        return fields;
    }

    private static JsonObject BuilderFields(string builder, DaemonCapabilities abilities, int images) =>
        ListOutput.Line($"Name={builder}|Driver=remote|DriverEndpoint=remote|Status=running|Error=|Buildkit={abilities.Version}|Platforms={string.Join(", ", Platforms(abilities))}");

    private static IEnumerable<string> Platforms(DaemonCapabilities abilities) => abilities.Workers.SelectMany(w => w.Platforms).Distinct();

    private static async Task<int> BuilderAsync(VerbCall call, ParsedFlags flags, Func<string, DaemonCapabilities, int, JsonObject> fields, CancellationToken cancel)
    {
        var choice = await new BuilderFinder(call.Context).AnyAsync(new BuilderWish("", [], null), cancel);
        await using var client = new BuildKitClient(choice.Endpoint);
        try
        {
            var abilities = await client.GetCapabilitiesAsync(cancel);
            var images = new RecipeStore(call.Context.StateDirectory).All().Count;
            call.Context.Output.WriteLine(flags.Last("format") is { Length: > 0 } format and not "table" ? GoTemplate.Expand(format, fields(choice.Name, abilities, images)) : $"""
                Name:      {choice.Name}
                Driver:    remote
                BuildKit:  {abilities.Version ?? "does not tell its version"}
                Platforms: {string.Join(", ", Platforms(abilities))}
                """);
            return ImageExit.Success;
        }
        catch (DaemonUnreachableException e)
        {
            throw new ImageException(e.Message, ImageExit.Builder, e);
        }
    }
}
