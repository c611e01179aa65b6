using PodExecutor.Agent.Images.Solving;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>version, info and what pipelines say to buildx before they build.</summary>
internal static class InfoVerbs
{
    public static Task<int> Version(IReadOnlyList<string> arguments, ImageContext context)
    {
        context.Output.WriteLine(arguments.Contains("--short") ? $"{context.Name} version {AgentVersion.Text} (pod-executor)" : $"""
            Client: pod-executor's {context.Name}
             Version:  {AgentVersion.Text}
             OS/Arch:  linux/{(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64 ? "amd64" : "arm64")}
             Builds through BuildKit, without a local engine.
            """);
        return Task.FromResult(ImageExit.Success);
    }

    public static Task<int> InfoAsync(VerbCall call, CancellationToken cancel) => BuilderAsync(call, cancel);

    public static Task<int> BuildersAsync(VerbCall call, CancellationToken cancel) => BuilderAsync(call, cancel);

    /// <summary>Sets up what is set up already.</summary>
    public static Task<int> Tolerated(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        call.Context.Log.WriteLine($"{call.Command}: nothing to do, the runner's builder is used.");

        // `buildx create` prints the builder's name; scripts pass it on to --builder.
        if (call.Command.EndsWith("create", StringComparison.Ordinal))
        {
            var name = call.Arguments.SkipWhile(a => a != "--name").Skip(1).FirstOrDefault() ?? call.Arguments.FirstOrDefault(a => a.StartsWith("--name=", StringComparison.Ordinal))?["--name=".Length..];
            call.Context.Output.WriteLine(name ?? "default");
        }

        return Task.FromResult(ImageExit.Success);
    }

    public static Task<int> Pruned(VerbCall call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        call.Context.Output.WriteLine("Total reclaimed space: 0B");
        call.Context.Log.WriteLine($"{call.Command}: a job keeps nothing, and the builder's cache belongs to all projects: it cleans up by its own rules.");
        return Task.FromResult(ImageExit.Success);
    }

    private static async Task<int> BuilderAsync(VerbCall call, CancellationToken cancel)
    {
        var choice = await new BuilderFinder(call.Context).AnyAsync(new BuilderWish("", [], null), cancel);
        await using var client = new BuildKitClient(choice.Endpoint);
        try
        {
            var abilities = await client.GetCapabilitiesAsync(cancel);
            var platforms = abilities.Workers.SelectMany(w => w.Platforms).Distinct();
            call.Context.Output.WriteLine($"""
                Name:      {choice.Name}
                Driver:    remote
                BuildKit:  {abilities.Version ?? "does not tell its version"}
                Platforms: {string.Join(", ", platforms)}
                """);
            return ImageExit.Success;
        }
        catch (DaemonUnreachableException e)
        {
            throw new ImageException(e.Message, ImageExit.Builder, e);
        }
    }
}
