using System.Text;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Operations.Migrate;
using PodExecutor.Driver.Operations.Runner;
using PodExecutor.Driver.Options;
using PodExecutor.Tests.Unit.Options;

namespace PodExecutor.Tests.Unit.Operations;

/// <summary>
/// A folder per case in Migrate/: config.toml (and arguments) give what is in expected/, and report.txt there.
/// POD_EXECUTOR_GOLDEN=write writes the expectations anew; read the difference before you commit it.
/// </summary>
public class MigrationTests
{
    private const string Root = "tests/Unit/Operations/Migrate";
    private const string InstallDirectory = "/etc/pod-executor";

    public static TheoryData<string> Cases =>
        [.. Directory.GetDirectories(Path.Combine(Repository.Root, Root)).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Config_Migrated_IsWhatTheCaseExpects(string name)
    {
        var plan = Plan(name);

        var folder = Path.Combine(Repository.Root, Root, name, "expected");
        var files = plan.Files.Select(f => (f.Name, f.Text)).Append((Name: "report.txt", Text: Report(plan))).ToList();
        if (Environment.GetEnvironmentVariable("POD_EXECUTOR_GOLDEN") == "write")
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            Directory.CreateDirectory(folder);
            files.ForEach(f => File.WriteAllText(Path.Combine(folder, f.Name), f.Text));
        }

        Assert.Equal(Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal), files.Select(f => f.Name).Order(StringComparer.Ordinal));
        Assert.All(files, f => Assert.Equal(File.ReadAllText(Path.Combine(folder, f.Name)), f.Text));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Config_Migrated_IsValidForBothReadersAndTellsNoSecret(string name)
    {
        var plan = Plan(name);

        var runners = RunnerConfigFile.Parse(plan.Files.Single(f => f.Name == "runner-config.toml").Text, "runner-config.toml").Runners;
        Assert.Contains(runners, r => r.Executor == "custom" && r.Table.Table("custom")!.Text("run_exec") == "/usr/local/bin/pod-executor");
        Assert.DoesNotContain(runners, r => r.Executor == "custom" && r.Table.Table("kubernetes") is not null);
        var open = Report(plan) + string.Join('\n', plan.Files.Where(f => !f.IsSecret).Select(f => f.Text));
        Assert.All(Secrets(name), secret => Assert.DoesNotContain(secret, open, StringComparison.Ordinal));
        Assert.All(plan.Files.Where(f => f.Name.EndsWith("-key", StringComparison.Ordinal) || f.Name == "runner-config.toml"), f => Assert.True(f.IsSecret));

        // unknown-keys has a value that is wrong: the check must say so, as doctor would.
        // (Of a build without [cache] the table is unknown, and the command would not write it.)
        var problems = Migration.Check(plan, Request(name)).Where(p => !p.Key.EndsWith(": cache", StringComparison.Ordinal)).ToList();
        Assert.Equal(name == "unknown-keys" ? ["pod-executor.toml: kubernetes.pull_policy"] : [], problems.Select(p => p.Key));
    }

    [Fact]
    public void Seed_Migrated_LosesNothing()
    {
        var fates = Plan("seed").Fates;

        Assert.DoesNotContain(fates, f => f.Fate == Fate.NotSupported);
        Assert.Equal(
            ["runners.kubernetes.privileged", "runners.kubernetes.volumes.host_path \"sock\""],
            fates.Where(f => f.Fate == Fate.NotNeeded).Select(f => f.Key));
    }

    [Fact]
    public void Seed_MigratedWithFlags_KeepsPrivilegeAndSocket()
    {
        var options = OptionsFile.Parse(Plan("seed-kept").Files.Single(f => f.Name == "pod-executor.toml").Text, "pod-executor.toml").Options.Kubernetes;

        Assert.True(options.Privileged);
        Assert.Contains(options.Volumes, v => v is { Kind: VolumeKind.HostPath, Name: "sock", ReadOnly: true });
        Assert.Equal("registry.test/helper:1", options.HelperImage);
    }

    [Fact]
    public void EveryKey_OfTheBuiltInExecutor_IsKnown()
    {
        var source = TomlKeys.Of(File.ReadAllText(Path.Combine(Repository.Root, Root, "every-key", "config.toml"))).Where(k => k.StartsWith("runners.", StringComparison.Ordinal)).ToHashSet();

        // The case has them all: what we declare but our own keys, and what we have not.
        var declared = OptionsFile.Describe().Tables.First(t => t.Name == "kubernetes").All().Where(k => k.Key.Mark != KeyMark.Own).Select(k => "runners.kubernetes." + k.Path);
        Assert.Equal([], declared.Where(k => !k.Contains(".image.", StringComparison.Ordinal)).Except(source));
        Assert.Equal([], OtherKeys.All.Select(k => "runners.kubernetes." + k.Name).Except([.. source, "runners.kubernetes.suspend_data_path"]));

        // And each is told of, none as unknown.
        var fates = Plan("every-key").Fates;
        Assert.DoesNotContain(fates, f => f.Text.Contains("does not know", StringComparison.Ordinal));
        Assert.Equal([], OtherKeys.All.Select(k => "runners.kubernetes." + k.Name).Except([.. fates.Select(f => f.Key), "runners.kubernetes.suspend_data_path"]));
    }

    [Fact]
    public void EveryOption_Migrated_HasTheSameValue()
    {
        var plan = Plan("every-key");

        var before = TomlDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, Root, "every-key", "config.toml")), "a", []);
        var after = TomlDocument.Parse(plan.Files.Single(f => f.Name == "pod-executor.toml").Text, "b", []);
        var old = Flat(((TomlTable)((List<TomlValue>)before.Values["runners"].Value)[0].Value).Table("kubernetes")!, "").ToDictionary();
        var kept = Flat(after.Table("kubernetes")!, "").Where(v => v.Key != "helper_image").ToList();

        Assert.NotEmpty(kept);
        Assert.All(kept, v => Assert.Equal(old[v.Key], v.Value));
        Assert.Equal(plan.Fates.Where(f => f.Fate == Fate.Kept && f.Key.StartsWith("runners.kubernetes.", StringComparison.Ordinal)).Select(f => f.Key["runners.kubernetes.".Length..].Split('.')[0]).Distinct().Order(StringComparer.Ordinal), kept.Select(v => v.Key.Split('.')[0]).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("[[runners]]\ntoken = \"glrt-secret\nexecutor = \"kubernetes\"\n", "config.toml:2: this is not valid TOML")]
    [InlineData("concurrent = 1\n", "has no runner with the Kubernetes executor")]
    [InlineData("[[runners]]\nexecutor = \"docker\"\n", "has no runner with the Kubernetes executor")]
    public void Config_ThatCannotBeMigrated_IsRefusedWithoutItsText(string text, string message)
    {
        var e = Assert.Throws<FailureException>(() => Migration.Plan(text, Request("seed")));

        Assert.Contains(message, e.Message);
        Assert.DoesNotContain("glrt-", e.Message);
    }

    [Fact]
    public void Runner_ThatIsNotThere_IsRefusedWithTheNamesOfThoseThatAre()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, Root, "several-runners", "config.toml"));

        var e = Assert.Throws<FailureException>(() => Migration.Plan(text, Request("several-runners") with { Runner = "docker runner" }));

        Assert.Contains("shared runner, GPU!", e.Message);
    }

    [Fact]
    public void Runner_ByName_LeavesTheOthersAsTheyAre()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, Root, "several-runners", "config.toml"));

        var plan = Migration.Plan(text, Request("several-runners") with { Runner = "GPU!" });

        var runners = RunnerConfigFile.Parse(plan.Files.Single(f => f.Name == "runner-config.toml").Text, "c").Runners;
        Assert.Equal(["kubernetes", "docker", "custom"], runners.Select(r => r.Executor));
        Assert.Equal(["pod-executor.toml", "runner-config.toml"], plan.Files.Select(f => f.Name));
    }

    /// <summary>Values of the case's config.toml that only its owner may read.</summary>
    private static IEnumerable<string> Secrets(string name) =>
        Flat(TomlDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, Root, name, "config.toml")), "a", []), "")
            .Where(v => v.Key.Split('.')[^1] is "token" or "bearer_token" or "AccessKey" or "SecretKey" or "SessionToken" or "AccountKey" || v.Key.Contains("environment", StringComparison.Ordinal))
            .Where(v => !v.Key.Contains("services", StringComparison.Ordinal)).Select(v => (string)v.Value);

    private static IEnumerable<KeyValuePair<string, object>> Flat(TomlTable table, string prefix) => table.Values.SelectMany(v => Flat(v.Value.Value, prefix + v.Key));

    private static IEnumerable<KeyValuePair<string, object>> Flat(object value, string path) => value switch
    {
        TomlTable table => Flat(table, path + "."),
        List<TomlValue> list => list.SelectMany((item, index) => Flat(item.Value, $"{path}.{index}")),
        _ => [KeyValuePair.Create(path, value)],
    };

    private static MigratePlan Plan(string name) =>
        Migration.Plan(File.ReadAllText(Path.Combine(Repository.Root, Root, name, "config.toml")), Request(name));

    private static MigrateRequest Request(string name)
    {
        var folder = Path.Combine(Repository.Root, Root, name);
        var arguments = Path.Combine(folder, "arguments");
        var flags = File.Exists(arguments) ? File.ReadAllText(arguments).Split(' ', StringSplitOptions.TrimEntries) : [];
        return new MigrateRequest
        {
            Source = "config.toml",
            Output = folder,
            InstallDirectory = InstallDirectory,
            Executable = "/usr/local/bin/pod-executor",
            HelperImage = flags.Contains("--helper-image") ? "registry.test/helper:1" : null,
            KeepPrivileged = flags.Contains("--keep-privileged"),
            KeepSockets = flags.Contains("--keep-sockets"),
        };
    }

    private static string Report(MigratePlan plan)
    {
        var report = new StringBuilder();
        foreach (var fate in plan.Fates)
        {
            report.Append($"{fate.Line,3} {MigrateReport.Word(fate.Fate),-13} {fate.Key}{(fate.Text.Length > 0 ? ": " : "")}{fate.Text}\n");
        }

        return report.ToString();
    }
}
