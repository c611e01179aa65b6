using System.Text.RegularExpressions;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>
/// The commands of README.md and docs/, as a reader would type them: page by page, in their order, with /etc and the home folder in a folder of the test's own.
/// install.md and upgrade.md are run by <see cref="Installation"/>.
/// </summary>
public sealed partial class PageCommandTests(TestCluster cluster) : IDisposable
{
    /// <summary>Blocks that are not run here, by their first line, and why.</summary>
    private static readonly Dictionary<string, string> Elsewhere = new(StringComparer.Ordinal)
    {
        ["deploy/kubernetes/secrets.sh cicd minio"] = "install.md has the same two, and the fixture Installation runs them",
        ["./demo.sh"] = "it makes a cluster beside this one; DemoTests run its pipeline",
        ["./test.sh"] = "it runs this",
        ["pod-executor cache usage"] = "they need caches of projects; CareTests run each verb",
        ["mc ilm rule add --expire-days 180 minio/ci-cache"] = "MinIO's client, which is not to be had here",
    };

    private const string Runner = """
        concurrent = 1
        [[runners]]
        name = "demo"
        url = "https://gitlab.test/"
        token = "glrt-of-the-test"

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("page-").FullName;

    public static TheoryData<string> Pages => [.. Texts().Where(t => Run(t.Text).Count > 0).Select(t => t.Name)];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Commands_OfAPage_Work(string page)
    {
        var ns = await cluster.NewNamespaceAsync();
        await MachineAsync(ns, page == "docs/migrate.md" ? BuiltIn(ns) : Custom);

        foreach (var commands in Run(await File.ReadAllTextAsync(Path.Combine(Installation.Root, page), TestContext.Current.CancellationToken)))
        {
            var here = commands.Replace("/etc/", _folder + "/etc/", StringComparison.Ordinal).Replace("/usr/local/", _folder + "/usr/local/", StringComparison.Ordinal)
                .Replace("--namespace ci ", $"--namespace {ns} ", StringComparison.Ordinal)
                .Replace("registry.example.com/pod-executor/helper:0.1.0", cluster.HelperImage, StringComparison.Ordinal)
                .Replace("try .gitlab-ci.yml", $"try .gitlab-ci.yml --gitlab-address {TestCluster.NodeAddress}", StringComparison.Ordinal);
            var (code, stdout, stderr) = await Shell.TryAsync(
                "bash", "-c", $"set -euo pipefail; cd '{_folder}/project'; export HOME='{_folder}' PATH='{_folder}/usr/local/bin':$PATH\n{here}");
            Assert.True(code == 0, $"{page}:\n{here}\n{stdout}{stderr}");

            // What the commands wrote names the program where a machine has it.
            foreach (var file in Directory.EnumerateFiles(Path.Combine(_folder, "etc/pod-executor")))
            {
                Write(file, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Replace("\"/usr/local/", $"\"{_folder}/usr/local/", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void Exceptions_AreStillInAPage()
    {
        var first = Texts().SelectMany(t => DocumentCommands.Of(t.Text)).Select(FirstLine).ToHashSet(StringComparer.Ordinal);

        Assert.All(Elsewhere.Keys, line => Assert.Contains(line, first));
    }

    [Fact]
    public void Blocks_OfEveryPage_SayWhatTheyAre()
    {
        foreach (var (name, text) in Texts())
        {
            // Fences open and close by turns: without a language none would be taken for commands (sh, toml, yaml, text).
            var nameless = Fence().Matches(text).Where((f, i) => i % 2 == 0 && f.Groups[1].Length == 0).Select(f => $"{name}:{text[..f.Index].Count(c => c == '\n') + 1}");
            Assert.Empty(nameless);
        }
    }

    private static IEnumerable<(string Name, string Text)> Texts() =>
        Directory.EnumerateFiles(Path.Combine(Installation.Root, "docs"), "*.md").Append(Path.Combine(Installation.Root, "README.md")).Order(StringComparer.Ordinal)
            .Where(f => Path.GetFileName(f) is not ("install.md" or "upgrade.md")).Select(f => (Path.GetRelativePath(Installation.Root, f), File.ReadAllText(f)));

    private static List<string> Run(string text) => [.. DocumentCommands.Of(text).Where(c => !Elsewhere.ContainsKey(FirstLine(c)))];

    private static string FirstLine(string commands) => commands.Split('\n')[0].Split('#')[0].Trim();

    private string Custom => string.Join('\n', ["executor = \"custom\"", "[runners.custom_build_dir]", "enabled = true", "[runners.custom]", "graceful_kill_timeout = 60", .. new[] { "config", "prepare", "run", "cleanup" }
        .Select(verb => $"{verb}_exec = \"{_folder}/usr/local/bin/pod-executor\"\n{verb}_args = [\"--config\", \"{_folder}/etc/pod-executor/config.toml\", \"{verb}\"]")]) + "\n";

    private static string BuiltIn(string ns) => $"""
        executor = "kubernetes"
        [runners.kubernetes]
        namespace = "{ns}"
        image = "docker.io/pex/debian:12"

        """;

    /// <summary>A machine with pod-executor, a runner, an account in the cluster, and a project.</summary>
    private async Task MachineAsync(string ns, string runner)
    {
        foreach (var folder in new[] { "etc/pod-executor", "etc/gitlab-runner", "etc/bash_completion.d", "usr/local/bin", "usr/local/share/zsh/site-functions", ".config/fish/completions", ".kube", "project" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, folder));
        }

        var program = Path.Combine(_folder, "usr/local/bin/pod-executor");
        File.CreateSymbolicLink(program, cluster.Binary);
        var options = new JobRequest { Options = "image = \"docker.io/pex/debian:12\"", Namespace = ns }.ToOptions(cluster);
        Write("etc/pod-executor/config.toml", options);
        Write("etc/gitlab-runner/config.toml", Runner + runner);
        File.Copy(cluster.Kubeconfig, Path.Combine(_folder, ".kube/config"));
        Write("project/.gitlab-ci.yml", "hello:\n  script: [cat greeting.txt]\n");
        Write("project/greeting.txt", "hello\n");
        await GitRepository.CreateAsync(Path.Combine(_folder, "project"));
        Write("project/options.toml", options);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    [GeneratedRegex(@"^ *```(\w*)$", RegexOptions.Multiline)]
    private static partial Regex Fence();
}
