using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images.Shipped;

/// <summary>deploy/images/build.sh as its users call it, with what only a machine without Docker Hub needs besides.</summary>
public sealed class ShippedImages : IAsyncLifetime
{
    private readonly Project _project = new();

    public const string Debian = Testbed.Registry + "/team/debian:12";

    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>BuildKit's scanner is in Docker Hub: this one stands in for it.</summary>
    public string Scanner => $"{Testbed.Registry}/{_project.Unique}/scanner:1";

    private string RunnerBase => $"{Testbed.Registry}/{_project.Unique}/gitlab-runner:1";

    internal Project Project => _project;

    /// <summary>Steps reach the package mirror: the testbed's bridge for them leads nowhere.</summary>
    internal static IReadOnlyList<string> Network { get; } = ["--network", "host", "--allow", "network.host"];

    public async ValueTask InitializeAsync()
    {
        _project.Variables["SBOM"] = "false";
        _project.Variables["BASE"] = Debian;
        _project.Variables["BUILDER"] = Path.Combine(Path.GetDirectoryName(_project.Folder)!, "image-build");
        await StandInAsync("scanner", Scanner, Testbed.Base);
    }

    public ValueTask DisposeAsync()
    {
        _project.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A name that nobody else builds.</summary>
    public string Name(string name) => $"{Testbed.Registry}/{_project.Unique}/{name}:1";

    /// <returns>The base for the runner, by digest.</returns>
    internal async Task<string> RunnerBaseAsync()
    {
        await StandInAsync("runner-base", RunnerBase, Debian, ["--platform", "linux/amd64,linux/arm64", .. Network]);
        return $"{RunnerBase}@{await Skopeo.DigestAsync(RunnerBase)}";
    }

    internal async Task<BuiltIndex> BuildAsync(string kind, string name, IReadOnlyDictionary<string, string>? environment = null, params string[] flags)
    {
        var result = await RunAsync(kind, name, environment, flags);
        Assert.True(result.Code == 0, result.All);
        return await BuiltIndex.ReadAsync(name);
    }

    internal async Task<CliResult> RunAsync(string kind, string name, IReadOnlyDictionary<string, string>? environment = null, params string[] flags)
    {
        string[] settings = [.. (environment ?? new Dictionary<string, string>()).Select(v => $"{v.Key}={v.Value}")];
        return await _project.RunAsync("/usr/bin/env", [.. settings, "bash", Path.Combine(Root, "deploy/images/build.sh"), kind, name, .. flags]);
    }

    private async Task StandInAsync(string source, string name, string from, params string[] flags)
    {
        var folder = Path.Combine(Root, "tests/testbed/sources/standins");
        await _project.PassAsync("image-build", ["-f", $"{folder}/{source}.Dockerfile", "--build-arg", $"BASE={from}", "-t", name, "--push", .. flags, folder]);
    }

    private static string Find(string folder) => File.Exists(Path.Combine(folder, "Executor.sln")) ? folder : Find(Path.GetDirectoryName(folder.TrimEnd('/'))!);
}
