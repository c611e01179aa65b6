using System.Text.Json;
using System.Text.Json.Nodes;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract.Operations;

/// <summary>The published doctor against a fake API server whose pods have real agents.</summary>
public class DoctorTests
{
    [Fact]
    public async Task Doctor_WhereAllIsWell_StartsAPodAndLeavesNothing()
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Objects["serviceaccounts/default"] = [];
        using var job = new ContractJob(cluster);

        var (code, findings, text) = await DoctorAsync(job);

        Assert.True(code == 0, text);
        Assert.DoesNotContain(findings, f => f.Result is "error" or "warning");
        Assert.Contains(findings, f => f is { Check: "cluster", Result: "ok" } && f.What.EndsWith("runs Kubernetes v1.33.0", StringComparison.Ordinal));
        Assert.Contains(findings, f => f is { Check: "job pod", Result: "ok" } && f.What.Contains("helper:1"));
        Assert.Contains(findings, f => f is { Check: "job pod", Result: "ok", What: "the build container runs scripts" });
        Assert.Equal(["serviceaccounts/default"], cluster.Objects.Keys);
        Assert.DoesNotContain("token-of-the-fake", text);
    }

    [Theory]
    [InlineData("create pods", 2, "error", "pods: create is refused in namespace ci", "the job's pod")]
    [InlineData("get pods/exec", 2, "error", "pods/exec: get is refused", "first contact")]
    [InlineData("deletecollection secrets", 2, "error", "secrets: deletecollection is refused", "registry logins")]
    [InlineData("watch events", 1, "warning", "events: watch is refused", "job logs do not tell")]
    [InlineData("create pods/exec", 1, "warning", "pods/exec: create is refused", "1.35")]
    public async Task Doctor_WithOneRightMissing_NamesItAndItsFeature(string right, int exitCode, string result, string what, string why)
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Objects["serviceaccounts/default"] = [];
        cluster.RefusedRights.Add(right);
        using var job = new ContractJob(cluster);

        var (code, findings, text) = await DoctorAsync(job, "--no-pod");

        Assert.True(code == exitCode, text);
        var finding = Assert.Single(findings, f => f.Result is "error" or "warning");
        Assert.Equal(("rights", result), (finding.Check, finding.Result));
        Assert.Contains(what, finding.What);
        Assert.Contains(why, finding.Why);
        Assert.Contains("pod-executor rbac", finding.Remedy);
    }

    [Fact]
    public async Task Doctor_WhosePodDoesNotStart_SaysSoWithinPollTimeoutAndDeletesIt()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, "poll_timeout = \"1s\"");
        cluster.OnCreate = pod => pod["status"] = new JsonObject { ["phase"] = "Pending" };

        var (code, findings, _) = await DoctorAsync(job);

        Assert.Equal(2, code);
        Assert.Contains(findings, f => f is { Check: "job pod", Result: "error", What: "The pod did not start within 1 s" });
        Assert.False(cluster.HasPod);
    }

    [Fact]
    public async Task Doctor_LooksAtPullSecretsWithoutReadingOrCreatingOne()
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Objects["secrets/there"] = [];
        using var job = new ContractJob(cluster, "image_pull_secrets = [\"there\", \"missing\"]");

        var (code, findings, _) = await DoctorAsync(job, "--no-pod");

        Assert.Equal(2, code);
        Assert.Contains(findings, f => f is { Check: "pull secrets", Result: "ok", What: "Secret there exists" });
        Assert.Contains(findings, f => f is { Check: "pull secrets", Result: "error", What: "Secret missing does not exist in namespace ci" });
        Assert.Equal(["secrets/there"], cluster.Objects.Keys);
        Assert.DoesNotContain(cluster.Requests, r => r.StartsWith("GET secrets", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_ThatMayNotLookAtSomething_SaysWhatAndIsContent()
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Fault = async (asked, context) =>
        {
            var refused = asked is "GET resourcequotas" or "GET limitranges" or "GET serviceaccounts/default";
            if (refused)
            {
                await FakeCluster.RefuseAsync(context, 403, "Forbidden", "may not");
            }

            return refused;
        };
        using var job = new ContractJob(cluster);

        var (code, findings, text) = await DoctorAsync(job, "--no-pod");

        Assert.True(code == 0, text);
        Assert.Equal(3, findings.Count(f => f.Result == "note" && f.Remedy == "To have it looked at: pod-executor rbac job doctor"));
    }

    [Fact]
    public async Task Doctor_AtAnOldCluster_Warns()
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Minor = "18+";
        cluster.Objects["serviceaccounts/default"] = [];
        using var job = new ContractJob(cluster);

        var (code, findings, _) = await DoctorAsync(job, "--no-pod");

        Assert.Equal(1, code);
        Assert.Contains(findings, f => f is { Check: "cluster", Result: "warning" });
    }

    [Fact]
    public async Task Doctor_WithoutOptionsFile_ShowsATableAndTheErrorsCode()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);

        var (code, stdout, stderr) = await Operator.RunAsync("--config", Path.Combine(job.Folder, "none.toml"), "doctor");

        Assert.Equal((2, ""), (code, stderr));
        Assert.Contains("none.toml cannot be read", stdout);
        Assert.Contains("1 error, 0 warnings.", stdout);
    }

    private static async Task<(int Code, List<(string Check, string Result, string What, string Why, string Remedy)> Findings, string Text)> DoctorAsync(
        ContractJob job, params string[] more)
    {
        var (code, stdout, stderr) = await Operator.RunAsync(["--config", job.OptionsFile, "doctor", "--json", .. more]);
        Assert.Equal("", stderr);
        var json = JsonDocument.Parse(stdout).RootElement;
        string Text(JsonElement finding, string name) => finding.TryGetProperty(name, out var value) ? value.GetString()! : "";
        return (code, [.. json.GetProperty("findings").EnumerateArray().Select(f => (Text(f, "check"), Text(f, "result"), Text(f, "what"), Text(f, "why"), Text(f, "remedy")))], stdout);
    }
}
