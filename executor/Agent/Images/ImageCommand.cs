using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Solving;
using PodExecutor.Agent.Images.Verbs;

namespace PodExecutor.Agent.Images;

/// <summary>
/// The agent under the names image-build, docker and nerdctl: what jobs do with images, through BuildKit and without an engine. It holds no image, runs no
/// container and needs no privilege; what it cannot serve it refuses by name.
/// </summary>
internal static class ImageCommand
{
    public static readonly IReadOnlyList<string> Names = ["image-build", "nerdctl", "docker"];

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, ImageContext context, CancellationToken cancel)
    {
        try
        {
            return await DispatchAsync(arguments, context, cancel);
        }
        catch (ImageException e)
        {
            await context.Log.WriteLineAsync($"ERROR: {e.Message}");
            return e.ExitCode;
        }
        catch (HelpGivenException)
        {
            return ImageExit.Success;
        }
        catch (BuildReportedException)
        {
            return ImageExit.Failure;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Of a file that no flag names, else it had been said there.
            await context.Log.WriteLineAsync($"ERROR: {e.Message}");
            return ImageExit.Failure;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await context.Log.WriteLineAsync($"{context.Name} was stopped.");
            return ImageExit.Stopped;
        }
    }

    private static Task<int> DispatchAsync(IReadOnlyList<string> arguments, ImageContext context, CancellationToken cancel)
    {
        if (context.Name == "image-build")
        {
            return arguments is ["--version"] or ["version"] ? InfoVerbs.Version(new VerbCall("image-build version", [], new ParsedFlags("image-build"), context), cancel)
                : BuildVerb.RunAsync(new VerbCall("image-build", arguments, new ParsedFlags("image-build"), context), cancel);
        }

        // 1. flags before the verb, 2. the verb, which may have two words, 3. its own arguments.
        var (globals, rest) = GlobalFlags.Split(context.Name, arguments);
        context = globals.Last("config") is { Length: > 0 } folder ? context.WithConfig(folder) : context;
        if (globals.IsSet("version"))
        {
            return InfoVerbs.ShortVersion(context);
        }

        var (moved, words) = VerbWords.OfBuildx(rest);
        if (words.Count == 0 || words[0] is "help" || globals.IsSet("help") || VerbTable.IsHelpOfGroup(words))
        {
            context.Output.WriteLine(VerbTable.Help(context.Name));
            return Task.FromResult(ImageExit.Success);
        }

        var (verb, own) = VerbTable.Find(words, context.Name);
        return verb.Run(new VerbCall($"{context.Name} {verb.Name}", [.. moved, .. own], globals, context), cancel);
    }
}
