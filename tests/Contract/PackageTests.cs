using System.Diagnostics;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>The packages for a gitlab-runner on a machine of its own, as deploy/package/package.sh makes them.</summary>
public sealed class PackageTests(PackageTests.Made made) : IClassFixture<PackageTests.Made>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("package-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Deb_UnpackedIntoAnEmptyRoot_HoldsAWorkingProgramAndItsPages()
    {
        var root = Path.Combine(_folder, "root");

        await RunAsync("dpkg-deb", "-x", made.Deb, root);

        // As in a machine that has nothing else: the program finds no library, no configuration, no other program.
        var version = await RunAsync("chroot", root, "/usr/bin/pod-executor", "--version");
        Assert.Matches(@"^pod-executor \d+\.\d+\.\d+, commit \w+, linux-x64\n$", version);
        Assert.True(Directory.Exists(Path.Combine(root, "etc/pod-executor")));
        foreach (var page in new[] { "man1/pod-executor.1", "man5/pod-executor.toml.5", "man7/pod-executor-troubleshooting.7" })
        {
            var text = await RunAsync("sh", "-c", $"gzip -dc '{root}/usr/share/man/{page}.gz' | groff -man -Tutf8 -Kutf8 -ww -P-cbou 2>&1");
            Assert.Contains("NAME\n       pod-executor", text);
            Assert.DoesNotContain("warning:", text);
            Assert.DoesNotMatch(@"\*\*\w", text);
        }

        // The example options are accepted as they are.
        await RunAsync("chroot", root, "/usr/bin/pod-executor", "--config", "/usr/share/doc/pod-executor/examples/pod-executor.toml", "rbac");
    }

    [Fact]
    public async Task Deb_InstalledAndPurgedByDpkg_LeavesNothing()
    {
        var root = Path.Combine(_folder, "machine");
        Directory.CreateDirectory(Path.Combine(root, "var/lib/dpkg/info"));
        Directory.CreateDirectory(Path.Combine(root, "var/lib/dpkg/updates"));
        Directory.CreateDirectory(Path.Combine(root, "var/lib/dpkg/triggers"));
        await File.WriteAllTextAsync(Path.Combine(root, "var/lib/dpkg/status"), "", TestContext.Current.CancellationToken);

        await RunAsync("dpkg", $"--root={root}", "--install", made.Deb);

        Assert.Contains("Status: install ok installed", await RunAsync("dpkg", $"--root={root}", "--status", "pod-executor"));
        Assert.Equal(await RunAsync(Published.Driver, "--version"), await RunAsync("chroot", root, "/usr/bin/pod-executor", "--version"));
        foreach (var file in new[] { "bash-completion/completions/pod-executor", "zsh/vendor-completions/_pod-executor", "fish/vendor_completions.d/pod-executor.fish", "man/man1/pod-executor.1.gz" })
        {
            Assert.True(File.Exists(Path.Combine(root, "usr/share", file)), file);
        }

        await RunAsync("dpkg", $"--root={root}", "--purge", "pod-executor");
        Assert.Equal("", await RunAsync("find", root, "-type", "f", "-not", "-path", "*/var/lib/dpkg/*", "-not", "-path", "*/var/log/*"));
    }

    [Fact]
    public async Task Deb_BashCompletion_KnowsTheVerbs()
    {
        var root = Path.Combine(_folder, "root");
        await RunAsync("dpkg-deb", "-x", made.Deb, root);

        var words = await RunAsync("bash", "-c", $$"""
            PATH={{root}}/usr/bin:$PATH
            . {{root}}/usr/share/bash-completion/completions/pod-executor
            COMP_LINE='pod-executor do' COMP_POINT=15 COMP_WORDS=(pod-executor do) COMP_CWORD=1
            _pod_executor
            echo "${COMPREPLY[@]}"
            """);

        Assert.Equal("doctor\n", words);
    }

    [Fact]
    public async Task TarGz_Unpacked_IsAPrefix()
    {
        await RunAsync("tar", "-C", _folder, "-xzf", made.TarGz);

        var prefix = Directory.GetDirectories(_folder, "pod-executor-*").Single();
        Assert.StartsWith("pod-executor ", await RunAsync($"{prefix}/bin/pod-executor", "--version"), StringComparison.Ordinal);
        Assert.True(File.Exists($"{prefix}/lib/pod-executor/pod-agent"));
        Assert.True(File.Exists($"{prefix}/share/doc/pod-executor/examples/gitlab-runner.toml"));
    }

    [Fact]
    public async Task Packages_MadeTwice_AreTheSameBytes()
    {
        await PackageAsync(_folder);

        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(made.Folder, "SHA256SUMS"), TestContext.Current.CancellationToken),
            await File.ReadAllTextAsync(Path.Combine(_folder, "SHA256SUMS"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Page_OfTheCommandLine_NamesEveryVerb()
    {
        var help = await RunAsync(Published.Driver, "--help");
        var verbs = help[help.IndexOf("Commands:", StringComparison.Ordinal)..].Split('\n').Skip(1)
            .Select(l => l.Trim().Split(' ')[0].TrimEnd(',')).Where(v => v.Length > 0).ToList();
        var page = await File.ReadAllTextAsync(Path.Combine(Root, "docs/pod-executor.md"), TestContext.Current.CancellationToken);

        Assert.True(verbs.Count > 5, help);
        Assert.All(verbs, v => Assert.Contains($"\n| `{v}", page, StringComparison.Ordinal));
    }

    private static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder) => File.Exists(Path.Combine(folder, "Executor.sln")) ? folder : Find(Path.GetDirectoryName(folder.TrimEnd('/'))!);

    private static Task<string> PackageAsync(string folder) => RunAsync("env", "PACKAGE_LEVEL=0", "bash", Path.Combine(Root, "deploy/package/package.sh"), folder);

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var stdout = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var stderr = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit {process.ExitCode}\n{await stdout}{await stderr}");
        return await stdout;
    }

    /// <summary>The packages, made once for all of these tests.</summary>
    public sealed class Made : IAsyncLifetime
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("packages-").FullName;

        public string Deb => Directory.GetFiles(Folder, "*.deb").Single();

        public string TarGz => Directory.GetFiles(Folder, "*.tar.gz").Single();

        public async ValueTask InitializeAsync() => await PackageAsync(Folder);

        public ValueTask DisposeAsync()
        {
            Directory.Delete(Folder, recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
