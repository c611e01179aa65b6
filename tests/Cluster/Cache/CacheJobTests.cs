using System.Text;
using System.Text.RegularExpressions;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Cache;

/// <summary>Jobs with caches: real pods, a real S3 server.</summary>
public sealed class CacheJobTests(TestCluster cluster)
{
    private const string Build = "mkdir -p target/classes; echo compiled > target/classes/A.class; ln -s A.class target/classes/latest; printf x > target/tool; chmod 750 target/tool; echo built";
    private const string Check = "test \"$(cat target/classes/latest)\" = compiled; test \"$(stat -c %a target/tool)\" = 750; echo complete";
    private const string Absent = "test ! -e target; echo absent";

    [Fact]
    public async Task Target_OfAJob_IsThereForTheNextJobAndTheNextPipeline()
    {
        var server = await S3Server.OpenAsync();

        var first = await RunAsync(server, "main-non_protected", $"{Absent}; {Build}");
        var next = await RunAsync(server, "main-non_protected", Check);
        var pipeline = await RunAsync(server, "branch-non_protected", Check, fallbacks: ["main-non_protected"]);
        var itself = await RunAsync(server, "branch-non_protected", Check);

        Assert.Contains("main-non_protected", first);
        Assert.Contains("main-non_protected", next);
        Assert.Contains("fallback key main-non_protected", pipeline);
        Assert.DoesNotContain("fallback", itself);
        Assert.All([first, next, pipeline, itself], log => Assert.DoesNotContain("WARNING: Cache", log));
    }

    [Fact]
    public async Task Cache_OfAnotherProjectOrProtectionClass_IsNotThere()
    {
        var server = await S3Server.OpenAsync();
        await RunAsync(server, "main-non_protected", Build);

        await RunAsync(server, "main-protected", Absent, fallbacks: ["other-protected"]);
        await RunAsync(server, "main-non_protected", Absent, project: 8);
    }

    [Fact]
    public async Task Cache_OfAnotherRunner_IsThereOnlyIfShared()
    {
        var server = await S3Server.OpenAsync();
        await RunAsync(server, "k", Build);
        await RunAsync(server, "k", Build, more: "shared = true");

        await RunAsync(server, "k", Absent, runner: "otherone1");
        await RunAsync(server, "k", Check, runner: "otherone1", more: "shared = true");
    }

    [Fact]
    public async Task FailedJob_SavesOnlyWhatIsForFailures()
    {
        var server = await S3Server.OpenAsync();
        PayloadCache[] caches =
        [
            new() { Key = "success", Paths = ["target"] }, new() { Key = "failure", Paths = ["target"], When = "on_failure" },
        ];
        await using (var failing = Job(server, new JobRequest(Build, "exit 3") { Cache = caches }))
        {
            Assert.Equal("script_failure", (await failing.RunAsync()).FailureReason);
        }

        await RunAsync(server, "success", Absent);
        await RunAsync(server, "failure", Check);
    }

    [Fact]
    public async Task Policy_IsKept()
    {
        var server = await S3Server.OpenAsync();
        await RunAsync(server, "k", Build, policy: "pull");
        await RunAsync(server, "k", Absent);
        await RunAsync(server, "k", Build, policy: "push");

        Assert.Contains("Not downloading cache k due to policy", await RunAsync(server, "k", Absent, policy: "push"));
    }

    [Fact]
    public async Task WithoutATable_TheRunnersScriptRunsAsBefore()
    {
        await using var job = new TestJob(cluster, new JobRequest(Build) { Cache = [new PayloadCache { Key = "k", Paths = ["target"] }] });

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("Creating cache k...", job.Log.Text);
    }

    [Fact]
    public async Task Credentials_OfTheStore_AreNowhereInThePod()
    {
        var server = await S3Server.OpenAsync();
        await RunAsync(server, "k", Build);
        var request = new JobRequest(Check, "echo run'ning'; while [ ! -e /tmp/go ]; do sleep 0.1; done") { Cache = [new PayloadCache { Key = "k", Paths = ["target"] }] };
        await using var job = Job(server, request);
        var running = job.RunAsync();
        await job.Log.SawAsync("\nrunning");

        var pod = await cluster.KubectlAsync("get", "pod,secret", "-n", job.Namespace, "-o", "json");
        var find = new[] { "grep", "-rlsF", "--devices=skip", "-e", S3Server.Login.SecretKey, "-e", "X-Amz-Signature", "/run", "/opt", "/builds", "/cache", "/tmp", "/proc/1/environ", "/proc/1/cmdline" };
        var (_, found, _) = await Shell.TryAsync("kubectl", ["exec", job.Pod, "-n", job.Namespace, "-c", "helper", "--", .. find]);
        var processes = Processes();
        await cluster.KubectlAsync("exec", job.Pod, "-n", job.Namespace, "-c", "build", "--", "touch", "/tmp/go");
        var outcome = await running;

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.DoesNotContain(S3Server.Login.SecretKey, pod);
        Assert.Equal("", found);
        Assert.Contains("pod-agent", processes);
        Assert.DoesNotContain(S3Server.Login.SecretKey, processes);
        Assert.DoesNotContain(S3Server.Login.SecretKey, job.Log.Text);
    }

    [Fact]
    public async Task Requests_OfAJobWithACache_StayWithinTheBudget()
    {
        var server = await S3Server.OpenAsync();
        var ns = await cluster.NewNamespaceAsync();
        var request = new JobRequest(Build) { Namespace = ns, Cache = [new PayloadCache { Key = "k", Paths = ["target"] }] };
        await using var job = Job(server, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        var stages = outcome.Calls.Count(c => c.Call == "run");
        var requests = AuditEntries.OfDriver(cluster, ns);
        Assert.True(requests.Count <= 10 + stages, $"{requests.Count} requests, {stages} stages:\n{string.Join('\n', requests)}");
    }

    private TestJob Job(S3Server server, JobRequest request, string? address = null, string more = "") =>
        new(cluster, request with { Options = server.Toml(address, more) });

    private async Task<string> RunAsync(
        S3Server server, string key, string script, IReadOnlyList<string>? fallbacks = null, string policy = "pull-push", long project = 7, string? runner = null, string more = "")
    {
        var request = new JobRequest(script)
        {
            ProjectId = project,
            Cache = [new PayloadCache { Key = key, Paths = ["target/"], FallbackKeys = fallbacks ?? [], Policy = policy }],
        };
        await using var job = Job(server, request, more: more);
        job.Runner = job.Runner with { ShortToken = runner ?? "abcdefghi" };
        var outcome = await job.RunAsync();
        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        return Regex.Replace(job.Log.Text, "\e\\[[0-9;]*[a-zA-Z]", "");
    }

    /// <summary>Arguments and environments of all processes in pods.</summary>
    private static string Processes()
    {
        var all = new StringBuilder();
        foreach (var folder in Directory.GetDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])))
        {
            try
            {
                // tests/testbed/env.sh: the parent of every pod's cgroup.
                if (File.ReadAllText(Path.Combine(folder, "cgroup")).Contains("/pod-executor-testbed/", StringComparison.Ordinal))
                {
                    all.Append(File.ReadAllText(Path.Combine(folder, "cmdline"))).Append(File.ReadAllText(Path.Combine(folder, "environ")));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has just ended.
            }
        }

        return all.ToString();
    }
}
