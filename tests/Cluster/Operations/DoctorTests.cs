using System.Text.Json;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Operations;

/// <summary>doctor and the generated Role on the real cluster.</summary>
public sealed class DoctorTests(TestCluster cluster)
{
    [Fact]
    public async Task Doctor_WithTheGeneratedRole_IsAllGreen()
    {
        using var account = await Account.CreateAsync(cluster, await cluster.NewNamespaceAsync(), ["job", "doctor"]);

        var (code, findings, text) = await DoctorAsync(account.Options(cluster, new JobRequest("true") { Options = "image = \"docker.io/pex/busybox:1\"" }));

        Assert.True(code == 0, text);
        Assert.All(findings, f => Assert.True(f.Result == "ok" || f.Check is "runner config" or "cache store" or "builders", text));
        Assert.Contains(findings, f => f.Check == "job pod" && f.What.Contains("docker.io/pex/busybox:1"));
        await NothingIsLeftAsync(account.Namespace);
    }

    [Fact]
    public async Task Job_WithOnlyTheGeneratedRole_Runs()
    {
        var ns = await cluster.NewNamespaceAsync();
        using var account = await Account.CreateAsync(cluster, ns, ["job"]);
        var request = new JobRequest("echo hello from the job")
        {
            Kubeconfig = account.Kubeconfig,
            Namespace = ns,
            Credentials = [new PayloadCredential { Type = "registry", Url = "private.registry.test", Username = "ci", Password = "registry-password" }],
            Services = [new PayloadImage { Name = "docker.io/pex/web:1", Alias = "web", Variables = [JobRequest.Variable("WEB_TEXT", "served")] }],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("hello from the job", job.Log.Text);
        Assert.DoesNotContain("WARNING: The pod's events", job.Log.Text);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Doctor_WithOneRightMissing_NamesItAndItsFeature()
    {
        var ns = await cluster.NewNamespaceAsync();
        using var account = await Account.CreateAsync(cluster, ns, ["job"], m => m.Replace("\"patch\", ", "", StringComparison.Ordinal));

        var (code, findings, text) = await DoctorAsync(account.Options(cluster, new JobRequest("true")), "--no-pod");

        Assert.True(code == 2, text);
        var error = Assert.Single(findings, f => f.Result == "error");
        Assert.Equal(("rights", $"secrets: patch is refused in namespace {ns}"), (error.Check, error.What));
        Assert.Contains("registry logins", error.Why);
    }

    [Fact]
    public async Task Doctor_InAnotherNamespaceThanItsRole_SaysSo()
    {
        using var account = await Account.CreateAsync(cluster, await cluster.NewNamespaceAsync(), ["job"]);

        var (code, findings, text) = await DoctorAsync(account.Options(cluster, new JobRequest("true") { Namespace = "nowhere" }), "--no-pod");

        Assert.True(code == 2, text);
        Assert.Contains(findings, f => f is { Check: "rights", Result: "error", What: "The account has none of the rights in namespace nowhere" });
    }

    [Fact]
    public async Task Doctor_WithAHelperImageThatIsNotThere_NamesItAndLeavesNothing()
    {
        var ns = await cluster.NewNamespaceAsync();
        using var account = await Account.CreateAsync(cluster, ns, ["job"]);
        var options = account.Options(cluster, new JobRequest("true"));
        File.WriteAllText(options, File.ReadAllText(options).Replace(cluster.HelperImage, "any.host/team/no-such-image:1", StringComparison.Ordinal));

        var (code, findings, text) = await DoctorAsync(options);

        Assert.True(code == 2, text);
        Assert.Contains(findings, f => f is { Check: "job pod", Result: "error" } && f.What.Contains("any.host/team/no-such-image:1") && f.Remedy.Contains("kubernetes.helper_image"));
        await NothingIsLeftAsync(ns);
    }

    [Fact]
    public async Task Doctor_InANamespaceWhoseQuotaIsFull_SaysWhichRow()
    {
        var ns = await cluster.NewNamespaceAsync();
        await cluster.KubectlAsync("create", "quota", "nothing", "-n", ns, "--hard=pods=0");
        using var account = await Account.CreateAsync(cluster, ns, ["job", "doctor"]);
        await Until.TrueAsync(
            async () => (await cluster.KubectlAsync("get", "quota", "nothing", "-n", ns, "-o", "jsonpath={.status.hard.pods}")) == "0", "the quota to count");

        var (code, findings, text) = await DoctorAsync(account.Options(cluster, new JobRequest("true") { Options = "poll_timeout = \"5s\"\nretry_budget = 0" }));

        Assert.True(code == 2, text);
        Assert.Contains(findings, f => f is { Check: "quota", Result: "error" } && f.What.Contains("no job ever fits into quota nothing: pods is 0"));
        Assert.Contains(findings, f => f is { Check: "job pod", Result: "error" });
    }

    private Task NothingIsLeftAsync(string ns) => Until.TrueAsync(
        async () => (await cluster.KubectlAsync("get", "pods,secrets", "-n", ns, "-l", "app.kubernetes.io/managed-by=pod-executor", "-o", "name")).Length == 0, "doctor's pod to go");

    private async Task<(int Code, List<(string Check, string Result, string What, string Why, string Remedy)> Findings, string Text)> DoctorAsync(string options, params string[] more)
    {
        var (code, stdout, stderr) = await Shell.TryAsync(cluster.Binary, ["--config", options, "doctor", "--json", .. more]);
        Assert.True(stderr.Length == 0, stderr);
        string Text(JsonElement finding, string name) => finding.TryGetProperty(name, out var value) ? value.GetString()! : "";
        var json = JsonDocument.Parse(stdout).RootElement;
        return (code, [.. json.GetProperty("findings").EnumerateArray().Select(f => (Text(f, "check"), Text(f, "result"), Text(f, "what"), Text(f, "why"), Text(f, "remedy")))], stdout);
    }
}
