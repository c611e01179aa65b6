using System.Globalization;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Cache.Care;

/// <summary>The reports as columns for people.</summary>
internal static class CareText
{
    public static void Write(TextWriter output, IReadOnlyList<KeyReport> keys) => Columns(
        output,
        ["PROJECT", "RUNNER", "PROTECTION", "FILES", "SIZE", "STORED", "SAVED", "LAST USED", "KEY"],
        keys.Select(k => new[]
        {
            Number(k.Project), k.Runner ?? "shared", k.Protection, Number(k.Files), Size(k.Bytes), Size(k.StoredBytes), Time(k.Saved), Time(k.LastUsed), k.Key,
        }));

    public static void Write(TextWriter output, IReadOnlyList<UsageReport> projects) => Columns(
        output,
        ["PROJECT", "RUNNER", "KEYS", "STORED", "UNNEEDED", "RUNNER'S ARCHIVES", "THEIR SIZE"],
        projects.Select(p => new[]
        {
            Number(p.Project), p.Runner ?? "shared", Number(p.Keys), Size(p.StoredBytes), Size(p.UnneededBytes), Number(p.ArchiveObjects), Size(p.ArchiveBytes),
        }));

    public static void Write(TextWriter output, KeyDetails key)
    {
        output.WriteLine($"key         {key.Summary.Key}");
        output.WriteLine($"project     {key.Summary.Project}, {key.Summary.Protection}, {(key.Summary.Runner is { } runner ? "runner " + runner : "shared")}");
        output.WriteLine($"saved       {Time(key.Summary.Saved)} by {(key.Summary.JobUrl.Length > 0 ? key.Summary.JobUrl : "a job without a URL")}");
        output.WriteLine($"last used   {Time(key.Summary.LastUsed)}");
        output.WriteLine($"content     {key.Summary.Files} files, {Size(key.Summary.Bytes)}; stored {Size(key.Summary.StoredBytes)} in {key.Packs} packs");
        output.WriteLine($"manifest    {key.Manifest}");
        if (key.MissingPacks > 0)
        {
            output.WriteLine($"WARNING     {key.MissingPacks} packs are missing: a restore of this key is a miss until it is saved again");
        }

        foreach (var file in key.Largest)
        {
            output.WriteLine($"{Size(file.Bytes),11} {file.Path}");
        }
    }

    public static void Write(TextWriter output, SweepReport sweep)
    {
        foreach (var key in sweep.Keys)
        {
            output.WriteLine($"project {key.Project}, {key.Protection}: {key.Key}: {key.Reason}");
        }

        var verb = sweep.DryRun ? "Would remove" : "Removed";
        output.WriteLine($"{verb} {sweep.Keys.Count} keys and {sweep.Packs} packs, {Size(sweep.PackBytes)}.");
    }

    private static void Columns(TextWriter output, string[] head, IEnumerable<string[]> rows)
    {
        string[][] all = [head, .. rows];
        var widths = Enumerable.Range(0, head.Length).Select(i => all.Max(r => r[i].Length)).ToArray();
        foreach (var row in all)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, i) => i == head.Length - 1 ? cell : cell.PadRight(widths[i]))));
        }
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Size(long bytes) => Quantities.Bytes((ulong)bytes);

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
