using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cache.Care;

/// <summary><c>pod-executor cache ls | show KEY | rm KEY | gc | usage</c>. Exit 0: done; 1: the store does not serve, or no such key; 3: nothing to work on.</summary>
internal static class CacheCommand
{
    private const int Done = 0;
    private const int NotDone = 1;
    private const int NotRunnable = 3;

    private static readonly Argument<string> Key = new("KEY") { Description = "The key as `ls` shows it." };
    private static readonly Option<long?> Project = new("--project") { Description = "Only this project (its number in GitLab)." };
    private static readonly Option<bool> Json = new("--json") { Description = "For programs." };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only say what would be removed." };

    public static Command Build(Option<string> config)
    {
        var command = new Command("cache", "Looks after the caches in the store.");
        command.Add(Verb("ls", "Lists the keys.", [Project], config, async (care, parse, cancel) =>
            Show(parse, await care.ListAsync(Choice(parse), cancel), CareJson.Default.IReadOnlyListKeyReport, CareText.Write)));
        command.Add(Verb("show", "Shows what a key holds.", [Project], config, ShowAsync, Key));
        command.Add(Verb("rm", "Removes a key; its packs go with the next gc.", [Project, DryRun], config, RemoveAsync, Key));
        command.Add(Verb("gc", "Removes keys by age and quota ([cache] keep_for, project_quota), then packs that no key needs.", [DryRun], config, async (care, parse, cancel) =>
            Show(parse, await care.SweepAsync(parse.GetValue(DryRun), cancel), CareJson.Default.SweepReport, CareText.Write)));
        command.Add(Verb("usage", "Shows what each project takes.", [], config, async (care, parse, cancel) =>
            Show(parse, await care.UsageAsync(cancel), CareJson.Default.IReadOnlyListUsageReport, CareText.Write)));
        return command;
    }

    private static async Task<int> ShowAsync(CacheCare care, ParseResult parse, CancellationToken cancel)
    {
        var keys = await care.ShowAsync(Choice(parse), cancel);
        return keys.Count == 0 ? NoSuchKey(parse) : Show(parse, keys, CareJson.Default.IReadOnlyListKeyDetails, (output, all) =>
        {
            foreach (var key in all)
            {
                CareText.Write(output, key);
            }
        });
    }

    private static async Task<int> RemoveAsync(CacheCare care, ParseResult parse, CancellationToken cancel)
    {
        var report = await care.RemoveAsync(Choice(parse), parse.GetValue(DryRun), cancel);
        return report.Keys.Count == 0 ? NoSuchKey(parse) : Show(parse, report, CareJson.Default.SweepReport, CareText.Write);
    }

    private static KeyChoice Choice(ParseResult parse) => new(parse.GetValue(Project), parse.CommandResult.GetResult(Key) is null ? null : parse.GetValue(Key));

    private static int NoSuchKey(ParseResult parse)
    {
        Console.Error.WriteLine($"error: there is no key \"{parse.GetValue(Key)}\"; see: pod-executor cache ls");
        return NotDone;
    }

    private static int Show<T>(ParseResult parse, T report, JsonTypeInfo<T> json, Action<TextWriter, T> text)
    {
        if (parse.GetValue(Json))
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(report, json));
        }
        else
        {
            text(Console.Out, report);
        }

        return Done;
    }

    private static Command Verb(
        string name,
        string description,
        IReadOnlyList<Option> options,
        Option<string> config,
        Func<CacheCare, ParseResult, CancellationToken, Task<int>> body,
        params IReadOnlyList<Argument> arguments)
    {
        var command = new Command(name, description) { Json };
        foreach (var argument in arguments)
        {
            command.Add(argument);
        }

        foreach (var option in options)
        {
            command.Add(option);
        }

        command.SetAction((parse, _) => RunAsync(parse, config, body));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, Option<string> config, Func<CacheCare, ParseResult, CancellationToken, Task<int>> body)
    {
        using var stop = new CancellationTokenSource();
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            if (OptionsFile.Load(parse.GetValue(config)!).Cache is not { } options)
            {
                await Console.Error.WriteLineAsync("error: the options file has no [cache]: caches are the runner's own. See docs/cache.md.");
                return NotRunnable;
            }

            using var store = new S3Store(options, StoreLogins.Find(options.S3, JobRequest.ReadStoreLogin(Environment.GetEnvironmentVariable)), TimeProvider.System);
            return await body(new CacheCare(store, options, TimeProvider.System), parse, stop.Token);
        }
        catch (Exception e) when (e is FailureException or StoreException)
        {
            await Console.Error.WriteLineAsync("error: " + e.Message);
            return e is FailureException ? NotRunnable : NotDone;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return NotDone;
        }
    }
}
