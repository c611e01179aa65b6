using PodExecutor.Bench.Measuring;

namespace PodExecutor.Bench.Cache;

/// <summary>A tree of about 20,000 files and 600 MB out of what every machine with the .NET SDK has, in memory: the disk is not measured.</summary>
internal sealed class CacheTree : IDisposable
{
    private const string Make =
        """
        mkdir -p "$1/build/tree"; cd "$1/build/tree"
        for from in /usr/lib/python3 /usr/include /usr/lib/node_modules /usr/lib/python3.11 /usr/share/perl /usr/lib/x86_64-linux-gnu/perl /usr/share/dotnet/sdk /usr/share/dotnet/packs; do
          [ ! -d "$from" ] || [ "$(find . -type f | wc -l)" -gt 18000 ] || [ "$(du -sm . | cut -f1)" -gt 600 ] || { mkdir -p ".$(dirname "$from")" && cp -a "$from" ".$from"; }
        done
        find . -type f ! -perm -u=w -exec chmod u+w {} +
        """;

    private CacheTree(string root) => Root = root;

    /// <summary>On tmpfs; everything of the topic is below it.</summary>
    public string Root { get; }

    public string Build => Root + "/build";

    public static async Task<CacheTree> CreateAsync(CancellationToken stop)
    {
        var tree = new CacheTree(Directory.CreateDirectory($"/dev/shm/pod-executor-bench-{Environment.ProcessId}").FullName);
        await Child.RunAsync(["/bin/bash", "-euc", Make, "bash", tree.Root], stop);
        var files = new DirectoryInfo(tree.Build).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.LinkTarget is null).ToList();
        await Console.Error.WriteLineAsync($"# cache: {files.Count} files, {files.Sum(f => f.Length) / 1e6:0} MB");
        return tree;
    }

    public string Fresh(string name)
    {
        var path = $"{Root}/{name}";
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        return Directory.CreateDirectory(path).FullName;
    }

    /// <summary>Regular files in the order of their names.</summary>
    public static IReadOnlyList<string> Files(string build) =>
        [.. new DirectoryInfo(build).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.LinkTarget is null).Select(f => f.FullName).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
