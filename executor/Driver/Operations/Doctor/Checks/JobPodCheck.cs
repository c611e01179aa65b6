using System.Text;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Pods;
using PodExecutor.Driver.Runs;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>
/// The proof: a job's pod, made as for every job, runs; helper and build container take a script; and it is deleted again,
/// whatever happened. Bounded by kubernetes.poll_timeout for the start, and by <see cref="ScriptPatience"/> for each script.
/// </summary>
internal static class JobPodCheck
{
    private static readonly TimeSpan ScriptPatience = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancel)
    {
        if (!context.Request.StartPod)
        {
            return [Finding.Note("not started", "--no-pod was given")];
        }

        var time = context.Time;
        var options = context.Options!;
        var plan = SampleJob.Plan(options, time.GetUtcNow().ToUnixTimeMilliseconds());
        var pod = new JobPod(context.Api!, options.Kubernetes, new JobLog(TextWriter.Null), time);
        try
        {
            var begin = time.GetTimestamp();
            await pod.StartAsync(plan, cancel);
            var started = time.GetElapsedTime(begin);
            return
            [
                Finding.Ok($"a pod started in {started.TotalSeconds:0.0} s, with helper {plan.Helper.Name} and image {plan.Build.Name}"),
                await HelperAsync(context, plan, cancel),
                await ScriptAsync(context, plan, Stage.BuildContainer, "exit 0", cancel) is { Code: 0 }
                    ? Finding.Ok("the build container runs scripts")
                    : Finding.Error("the build container does not run scripts", $"`exit 0` ended with another code in image {plan.Build.Name}", "Try another kubernetes.image."),
            ];
        }
        finally
        {
            // Ctrl-C stops the check, not its cleanup.
            await pod.DeleteAsync(plan.Pod, CancellationToken.None);
        }
    }

    private static async Task<Finding> HelperAsync(DoctorContext context, JobPlan plan, CancellationToken cancel)
    {
        var (code, output) = await ScriptAsync(context, plan, Stage.HelperContainer, "git --version && gitlab-runner --version", cancel);
        if (code != 0)
        {
            return Finding.Error($"git or the agent does not run in {plan.Helper.Name} (exit code {code})", output.Trim(), "Use pod-executor's helper image as kubernetes.helper_image.");
        }

        var lines = output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var agent = lines.FirstOrDefault(l => l.StartsWith("Version:", StringComparison.Ordinal))?["Version:".Length..].Trim() ?? "unknown";
        return Short(agent) == Short(DriverVersion.Text)
            ? Finding.Ok($"{lines[0]} and agent {Short(agent)} run in the helper")
            : Finding.Warning($"the helper image has agent {agent}, this is pod-executor {DriverVersion.Text}", "each version is tested with its own agent only", "Use the helper image of the same version.");
    }

    /// <summary>Without the commit: builds of one version go together.</summary>
    private static string Short(string version) => version.Split('+')[0];

    private static async Task<(int Code, string Output)> ScriptAsync(DoctorContext context, JobPlan plan, string container, string script, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(ScriptPatience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        using var printed = new MemoryStream();
        using var output = new StageOutput(printed);
        var agents = new AgentConnections(context.Api!, plan.Pod, LinkState.New(LinkTransport.Auto), _ => { }, context.Time);
        var runner = new StageRunner(context.Api!, agents, plan.Pod, CallSettings.Of(context.Options!.Kubernetes), new JobLog(TextWriter.Null), context.Time);
        try
        {
            var ended = await runner.RunAsync(StageScript.Of(script + "\n", "doctor"), container, output, null, either.Token);
            cancel.ThrowIfCancellationRequested();
            if (ended.Stopped)
            {
                throw new FailureException(new Failure(
                    FailureKind.System,
                    $"A script in the {container} container did not end within {ScriptPatience.TotalSeconds:0} s",
                    script,
                    "Look at the node: it is overloaded, or its disk is."));
            }

            return (ended.ExitCode, Encoding.UTF8.GetString(printed.ToArray()));
        }
        catch (LinkLostException e)
        {
            throw new FailureException(
                new Failure(
                    FailureKind.System,
                    $"The agent in the {container} container cannot be reached",
                    e.Message,
                    "Look at the node and at the network between this machine, API server and node."),
                e);
        }
    }
}
