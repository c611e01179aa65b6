using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Operations.Doctor.Checks;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Doctor;

/// <summary>
/// One run of doctor: 1. the options file; 2. the cluster that it names; 3. every check whose needs are met. Nothing stops at
/// the first error; what cannot be looked at is said.
/// </summary>
internal static class DoctorSession
{
    /// <summary>A person waits: trouble that lasts longer than this is told as trouble.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="checks">After options file and cluster.</param>
    /// <param name="progress">Told each check's name before it runs.</param>
    public static async Task<IReadOnlyList<CheckOutcome>> RunAsync(
        DoctorRequest request, IReadOnlyList<DoctorCheck> checks, Action<string> progress, TimeProvider time, CancellationToken cancel)
    {
        // Step 1
        progress("options file");
        var (options, aboutOptions) = OptionsCheck.Run(request.OptionsFile);
        var outcomes = new List<CheckOutcome> { new("options file", aboutOptions) };

        // Step 2
        progress("cluster");
        var (api, aboutCluster) = options is null ? (null, [NotLookedAt(CheckNeed.Options)]) : await ClusterCheck.RunAsync(Impatient(options), time, cancel);
        outcomes.Add(new CheckOutcome("cluster", aboutCluster));

        // Step 3
        using (api)
        {
            var context = new DoctorContext(request, options is null ? null : Impatient(options), api, time);
            foreach (var check in checks)
            {
                progress(check.Name);
                outcomes.Add(new CheckOutcome(check.Name, await RunAsync(check, context, cancel)));
            }
        }

        return outcomes;
    }

    public static Severity Worst(IEnumerable<CheckOutcome> outcomes) =>
        outcomes.SelectMany(o => o.Findings).Select(f => f.Severity).DefaultIfEmpty(Severity.Ok).Max();

    private static async Task<IReadOnlyList<Finding>> RunAsync(DoctorCheck check, DoctorContext context, CancellationToken cancel)
    {
        if (check.Need != CheckNeed.Nothing && context.Options is null)
        {
            return [NotLookedAt(CheckNeed.Options)];
        }

        if (check.Need == CheckNeed.Cluster && context.Api is null)
        {
            return [NotLookedAt(CheckNeed.Cluster)];
        }

        try
        {
            return await check.RunAsync(context, cancel);
        }
        catch (FailureException e)
        {
            return [.. e.Failures.Select(FindingOf)];
        }
        catch (ApiException e)
        {
            return [FindingOf(e.ToFailure($"The check of the {check.Name} got no answer"))];
        }
    }

    private static Finding FindingOf(Failure failure) =>
        Finding.Error(failure.What, failure.Why, failure.Hint ?? "Look at the executor's options.");

    private static Finding NotLookedAt(CheckNeed lacking) =>
        Finding.Note("not looked at", lacking == CheckNeed.Options ? "the options file has errors" : "the cluster does not answer");

    private static ExecutorOptions Impatient(ExecutorOptions options) => options with
    {
        Kubernetes = options.Kubernetes with
        {
            RetryBudget = Least(options.Kubernetes.RetryBudget),
            RequestTimeout = Least(options.Kubernetes.RequestTimeout),
        },
    };

    private static TimeSpan Least(TimeSpan given) => given < Patience ? given : Patience;
}
