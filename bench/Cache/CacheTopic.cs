using PodExecutor.Bench.Measuring;
using PodExecutor.Link.Cache;

namespace PodExecutor.Bench.Cache;

/// <summary>
/// Saving and restoring one cache: the agent against zip (the runner's default: a temporary archive, then one PUT) and tar with zstd (its
/// newest format), on the same store. The peers send everything each time, so their one save is what all of ours are compared with.
/// </summary>
internal sealed class CacheTopic(BenchSettings settings, string agent)
{
    private const int Samples = 5;

    private readonly Dictionary<string, List<CacheSample>> _samples = [];

    public async Task RunAsync(CancellationToken stop)
    {
        using var tree = await CacheTree.CreateAsync(stop);
        await using var store = await ObjectStore.StartAsync(stop);
        var measuring = new CacheMeasuring(agent, store);
        var samples = settings.Samples ?? Samples;
        await Console.Error.WriteLineAsync($"# cache: {samples} samples of each side");
        for (var round = 0; round <= samples; round++)
        {
            store.Clear();
            await PeersAsync(tree, store, measuring, stop);
            await OursAsync(tree, store, measuring, stop);
            if (round == 0)
            {
                // Warms the page cache and our own JIT up.
                _samples.Clear();
            }
        }

        Print();
    }

    private async Task PeersAsync(CacheTree tree, ObjectStore store, CacheMeasuring measuring, CancellationToken stop)
    {
        var archive = tree.Root + "/archive";
        var url = store.Url;
        Add("zip.save", await measuring.ShellAsync($"rm -f {archive}.zip; zip -qry {archive}.zip tree; curl -sfT {archive}.zip {url}a.zip", tree.Build, stop));
        Add("zip.restore", await measuring.ShellAsync($"curl -sfo {archive}.zip {url}a.zip; unzip -qo {archive}.zip", tree.Fresh("unzipped"), stop));
        Add("tar.save", await measuring.ShellAsync($"tar -cf - tree | zstd -q -3 -f -o {archive}.zst; curl -sfT {archive}.zst {url}a.zst", tree.Build, stop));
        Add("tar.restore", await measuring.ShellAsync($"curl -sf {url}a.zst | zstd -dcq | tar -xf -", tree.Fresh("untarred"), stop));
        Add("walk", await measuring.ShellAsync("find tree -printf '%p %s %T@ %i\\n' > /dev/null", tree.Build, stop));
    }

    private async Task OursAsync(CacheTree tree, ObjectStore store, CacheMeasuring measuring, CancellationToken stop)
    {
        var desk = new BenchDesk(store);
        var (state, build) = (tree.Fresh("state"), tree.Fresh("restored"));
        Add("save", await measuring.AgentAsync(desk, Direction.Save, tree.Build, tree.Fresh("first-state"), stop));
        Add("restore", await measuring.AgentAsync(desk, Direction.Restore, build, state, stop));
        Add("unchanged", await measuring.AgentAsync(desk, Direction.Save, build, state, stop), desk);

        var files = CacheTree.Files(build);
        File.SetLastWriteTimeUtc(files[files.Count / 2], DateTime.UtcNow);
        Add("touched", await measuring.AgentAsync(desk, Direction.Save, build, state, stop), desk);
        await File.AppendAllTextAsync(files[files.Count / 3], "x", stop);
        Add("one_changed", await measuring.AgentAsync(desk, Direction.Save, build, state, stop), desk);
        for (var i = 0; i < files.Count; i += 100)
        {
            await File.AppendAllTextAsync(files[i], "y", stop);
        }

        Add("percent_changed", await measuring.AgentAsync(desk, Direction.Save, build, state, stop), desk);

        // A job that restored nothing has no record: all is read, nothing sent.
        Add("known", await measuring.AgentAsync(desk, Direction.Save, build, tree.Fresh("no-state"), stop), desk);
    }

    private void Add(string name, CacheSample sample, BenchDesk? desk = null)
    {
        if (!_samples.TryGetValue(name, out var list))
        {
            _samples.Add(name, list = []);
        }

        list.Add(sample with { SentBytes = sample.SentBytes + (desk?.ManifestBytes ?? 0) });
    }

    private void Print()
    {
        foreach (var (peer, name) in new[] { ("zip", "info-zip-and-put"), ("tar", "tar-zstd-and-put") })
        {
            Compare("cache.save", "save", $"{peer}.save", name);
            Compare("cache.restore", "restore", $"{peer}.restore", name);
            foreach (var ours in new[] { "unchanged", "touched", "one_changed", "percent_changed", "known" })
            {
                Line($"cache.save_{ours}", "s", name, ours, $"{peer}.save", s => s.Seconds);
                Line($"cache.save_{ours}_bytes", "bytes", name, ours, $"{peer}.save", s => s.SentBytes);
            }
        }

        Line("cache.save_unchanged", "s", "file-walk", "unchanged", "walk", s => s.Seconds);
        foreach (var ours in new[] { "save", "restore" })
        {
            Figure.PrintAgainstKnown($"cache.{ours}_rss", "bytes", "128-MB", [.. _samples[ours].Select(s => (double)s.PeakBytes)], 128e6);
        }
    }

    private void Compare(string figure, string ours, string theirs, string name)
    {
        Line(figure, "s", name, ours, theirs, s => s.Seconds);
        Line(figure + "_cpu", "s", name, ours, theirs, s => s.CpuSeconds);
        if (ours == "save")
        {
            Line(figure + "_bytes", "bytes", name, ours, theirs, s => s.SentBytes);
        }
    }

    private void Line(string figure, string unit, string name, string ours, string theirs, Func<CacheSample, double> value) =>
        Figure.Print(figure, unit, name, [.. _samples[ours].Zip(_samples[theirs], (o, t) => new Pair(value(o), value(t)))]);
}
