using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Operations.Runner;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>gitlab-runner's own config.toml: whether it calls us as it should, and leaves us the time that we need.</summary>
internal static class RunnerConfigCheck
{
    public static Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (context.Request.RunnerConfig is not { } path)
        {
            return Of([Finding.Note("not looked at", "no --runner-config FILE was given")]);
        }

        RunnerConfigFile file;
        try
        {
            file = RunnerConfigFile.Load(path);
        }
        catch (FailureException e)
        {
            return Of([.. e.Failures.Select(f => Finding.Error(f.What, f.Why, f.Hint!))]);
        }

        var findings = new List<Finding>();
        findings.AddRange(RunnerRules.Global(file));
        foreach (var runner in file.Runners)
        {
            findings.AddRange(RunnerRules.Of(runner, context.Options?.Kubernetes, context.Request.OptionsFile));
        }

        return Of(findings.Count > 0 ? findings : [Finding.Ok($"{path} calls pod-executor as it should")]);
    }

    private static Task<IReadOnlyList<Finding>> Of(IReadOnlyList<Finding> findings) => Task.FromResult(findings);
}
