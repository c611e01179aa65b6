using System.Text.Json;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Operations.Doctor;
using PodExecutor.Driver.Operations.Doctor.Display;

namespace PodExecutor.Tests.Unit.Operations;

/// <summary>Which checks run, and how their findings are shown. The checks here are stand-ins; the real ones meet a cluster elsewhere.</summary>
public sealed class DoctorSessionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("doctor-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task OptionsFile_WithSeveralErrors_IsToldWithAllLinesAndNothingElseIsTried()
    {
        var file = Write("""
            [kubernetes]
            namespce = "ci"
            helper_image = "helper:1"
            memory_limit = "2 gigabytes"
            poll_timeout = "soon"
            """);

        var outcomes = await RunAsync(file, new DoctorCheck("other", CheckNeed.Options, (_, _) => throw new InvalidOperationException()));

        var findings = outcomes[0].Findings;
        Assert.Equal(3, findings.Count);
        Assert.Contains(findings, f => f.What.StartsWith("line 2: kubernetes.namespce", StringComparison.Ordinal) && f.Remedy!.Contains("namespace"));
        Assert.Contains(findings, f => f.What.StartsWith("line 4: kubernetes.memory_limit", StringComparison.Ordinal));
        Assert.Contains(findings, f => f.What.StartsWith("line 5: kubernetes.poll_timeout", StringComparison.Ordinal));
        Assert.All(outcomes.Skip(1).SelectMany(o => o.Findings), f => Assert.Equal((Severity.Note, "not looked at"), (f.Severity, f.What)));
        Assert.Equal(2, DoctorCommand.ExitCode(DoctorSession.Worst(outcomes)));
    }

    [Fact]
    public async Task OptionsFile_ThatIsNotThere_IsAnError()
    {
        var outcomes = await RunAsync(Path.Combine(_folder, "none.toml"));

        Assert.Equal(Severity.Error, outcomes[0].Findings.Single().Severity);
        Assert.Contains("none.toml", outcomes[0].Findings.Single().What);
    }

    [Fact]
    public async Task Cluster_ThatIsNotThere_LeavesWhatNeedsNoneToBeChecked()
    {
        var file = WriteOptions("https://127.0.0.1:1");

        var outcomes = await RunAsync(
            file,
            new DoctorCheck("needs it", CheckNeed.Cluster, (_, _) => throw new InvalidOperationException()),
            new DoctorCheck("needs none", CheckNeed.Options, (_, _) => Task.FromResult<IReadOnlyList<Finding>>([Finding.Ok("looked at")])));

        Assert.Equal(["options file", "cluster", "needs it", "needs none"], outcomes.Select(o => o.Check));
        Assert.Equal([Severity.Ok, Severity.Error, Severity.Note, Severity.Ok], outcomes.Select(o => o.Findings.Single().Severity));
        Assert.Contains("https://127.0.0.1:1", outcomes[1].Findings.Single().What);
    }

    [Fact]
    public async Task Check_ThatFails_IsAnErrorAndTheNextRuns()
    {
        var failure = new Failure(FailureKind.System, "It is broken", "of a reason", "Mend it.");

        var outcomes = await RunAsync(
            WriteOptions("https://127.0.0.1:1"),
            new DoctorCheck("fails", CheckNeed.Options, (_, _) => throw new FailureException(failure)),
            new DoctorCheck("next", CheckNeed.Options, (_, _) => Task.FromResult<IReadOnlyList<Finding>>([Finding.Ok("fine")])));

        Assert.Equal(new Finding(Severity.Error, "It is broken", "of a reason", "Mend it."), outcomes[2].Findings.Single());
        Assert.Equal("fine", outcomes[3].Findings.Single().What);
    }

    [Theory]
    [InlineData(Severity.Ok, 0)]
    [InlineData(Severity.Note, 0)]
    [InlineData(Severity.Warning, 1)]
    [InlineData(Severity.Error, 2)]
    public void ExitCode_IsOfTheWorst(object worst, int code) => Assert.Equal(code, DoctorCommand.ExitCode((Severity)worst));

    [Fact]
    public void Json_HoldsEveryFinding()
    {
        using var output = new MemoryStream();

        FindingJson.Write(Sample, output);

        var json = JsonDocument.Parse(output.ToArray()).RootElement;
        Assert.Equal("error", json.GetProperty("result").GetString());
        Assert.Equal(["ok", "warning", "error"], json.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("result").GetString()));
        Assert.Equal("Mend \"it\".", json.GetProperty("findings")[2].GetProperty("remedy").GetString());
        Assert.False(json.GetProperty("findings")[0].TryGetProperty("why", out _));
    }

    [Fact]
    public void Table_WithoutTerminal_IsPlainTextWithWhyAndHelp()
    {
        var output = new StringWriter();

        FindingTable.Write(Sample, output, color: false);

        var text = output.ToString();
        Assert.DoesNotContain('\e', text);
        Assert.Matches(@"\| two +\| warning +\| It creaks \[red\] +\|", text);
        Assert.Contains("why:  old", text);
        Assert.Contains("help: Mend \"it\".", text);
        Assert.Contains("1 error, 1 warning.", text);
    }

    /// <summary>With what Spectre would take for markup.</summary>
    private static IReadOnlyList<CheckOutcome> Sample =>
    [
        new("one", [Finding.Ok("fine")]),
        new("two", [Finding.Warning("It creaks [red]", "old", "Oil it."), Finding.Error("It is broken", "older", "Mend \"it\".")]),
    ];

    private Task<IReadOnlyList<CheckOutcome>> RunAsync(string file, params DoctorCheck[] checks) =>
        DoctorSession.RunAsync(new DoctorRequest(file, null, StartPod: false), checks, _ => { }, TimeProvider.System, TestContext.Current.CancellationToken);

    private string Write(string text)
    {
        var file = Path.Combine(_folder, "options.toml");
        File.WriteAllText(file, text);
        return file;
    }

    private string WriteOptions(string server)
    {
        var kubeconfig = Path.Combine(_folder, "kubeconfig");
        File.WriteAllText(kubeconfig, $$"""
            apiVersion: v1
            kind: Config
            current-context: one
            contexts:
            - {name: one, context: {cluster: one, user: one } }
            users:
            - {name: one, user: {token: a-token } }
            clusters:
            - name: one
              cluster: {server: "{{server}}"}
            """);
        return Write($"""
            [kubernetes]
            kubeconfig = "{kubeconfig}"
            helper_image = "helper:1"
            retry_budget = 0
            """);
    }
}
