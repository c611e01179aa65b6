using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Display;
using PodExecutor.Driver.Pipelines.Files;
using PodExecutor.Driver.Pipelines.GitLab;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines;

/// <summary>
/// One pipeline: stages in order, the jobs of a stage as many at once as allowed, needs, when, allow_failure, retry; artifacts
/// go from job to job. Starts nothing on the cluster itself: that is the executor's, called by <see cref="RunnerDouble"/>.
/// </summary>
internal sealed class PipelineRun(
    TryRequest request, PipelineRequest pipeline, GitLabDouble gitlab, RunnerOptions runner, TryLog log, TimeProvider time)
{
    private readonly string _projectPath = ProjectPath(request.ProjectDirectory);

    // Pods are named after the job id: two people who try at the same time must not meet.
    private readonly long _pipelineId = Random.Shared.NextInt64(1_000_000, 9_000_000) * 1000;
    private readonly Dictionary<string, JobRunOutcome> _done = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly HashSet<int> _slots = [];
    private long _jobs;

    /// <summary>The project as the jobs see it, from the directory's name.</summary>
    public static string ProjectPath(string directory)
    {
        var slug = PredefinedVariables.Slug(Path.GetFileName(Path.TrimEndingDirectorySeparator(directory)));
        return "try/" + (slug.Length > 0 ? slug : "project");
    }

    public async Task<PipelineOutcome> RunAsync(JobStop stop)
    {
        var predefined = new PredefinedVariables(gitlab.Url, _projectPath, gitlab.Snapshot.Commit, _pipelineId, time.GetUtcNow());
        var payloads = new JobPayloads(request, gitlab, predefined, _projectPath, _pipelineId);
        var plans = Plans(predefined.OfPipeline());
        var waiting = plans.ToList();
        var running = new List<Task<JobRunOutcome>>();
        while (waiting.Count > 0 || running.Count > 0)
        {
            // Step 1: settle what will not run, start what can.
            foreach (var plan in waiting.Where(p => Sources(plans, p).All(s => _done.ContainsKey(s.Name))).ToList())
            {
                var before = Sources(plans, plan).Select(s => _done[s.Name]).ToList();
                if (NotRun(plan, before, stop) is { } settled)
                {
                    waiting.Remove(plan);
                    _done[plan.Job.Name] = settled;
                    log.Say($"{plan.Job.Name}: not run: {settled.Reason}");
                }
                else if (running.Count < request.Concurrent)
                {
                    waiting.Remove(plan);
                    running.Add(RunJobAsync(plan, payloads, ArtifactSources(plan, before), stop));
                }
            }

            // Step 2: wait for one of them.
            if (running.Count > 0)
            {
                var ended = await Task.WhenAny(running);
                if (!ended.IsCompletedSuccessfully)
                {
                    // The others clean up behind themselves before the trouble is told.
                    await Task.WhenAll(running);
                }

                running.Remove(ended);
                var outcome = await ended;
                _done[outcome.Job.Name] = outcome;
            }
        }

        return new PipelineOutcome([.. plans.Select(p => _done[p.Job.Name])]);
    }

    /// <summary>In stage order, without those whose rules leave them out.</summary>
    private List<RunPlan> Plans(IReadOnlyList<JobVariable> known)
    {
        var plans = new List<RunPlan>();
        var order = pipeline.Stages.ToList();
        foreach (var job in pipeline.Jobs.Where(j => request.Jobs.Count == 0 || request.Jobs.Contains(j.Name)).OrderBy(j => order.IndexOf(j.Stage)))
        {
            var plan = RunPlan.Decide(job, known, request.Variables, request.Jobs.Contains(job.Name));
            if (plan.When != JobWhen.Never)
            {
                plans.Add(plan);
            }
            else
            {
                log.Say($"{job.Name}: not part of this pipeline by its rules ({job.Place})");
            }
        }

        foreach (var (job, need) in plans.SelectMany(p => (p.Job.Needs ?? []).Select(n => (p.Job.Name, n))).Where(p => plans.TrueForAll(o => o.Job.Name != p.n.Job)))
        {
            log.Say($"{job}: needs {need.Job}, which is not run: its artifacts will be missing ({need.Place})");
        }

        return plans;
    }

    /// <summary>What a job waits for: its needs, or all of the stages before.</summary>
    private IEnumerable<PipelineJob> Sources(List<RunPlan> plans, RunPlan plan)
    {
        var order = pipeline.Stages.ToList();
        return plans.Select(p => p.Job).Where(j => plan.Job.Needs is { } needs
            ? needs.Any(n => n.Job == j.Name)
            : order.IndexOf(j.Stage) < order.IndexOf(plan.Job.Stage));
    }

    private static List<JobRunOutcome> ArtifactSources(RunPlan plan, IEnumerable<JobRunOutcome> before) =>
    [
        .. before.Where(b => b.Tries.Count > 0
            && (plan.Job.Dependencies?.Contains(b.Job.Name) ?? true)
            && (plan.Job.Needs?.Any(n => n.Job == b.Job.Name && n.Artifacts) ?? true)),
    ];

    private static JobRunOutcome? NotRun(RunPlan plan, List<JobRunOutcome> before, JobStop stop)
    {
        JobRunOutcome Because(JobState state, string reason) => new(plan.Job, state, reason, []);
        var hindered = before.Find(b => b.State is JobState.Failed or JobState.Canceled or JobState.Blocked);
        return plan.When switch
        {
            _ when stop.Graceful.IsCancellationRequested || stop.Abort.IsCancellationRequested => Because(JobState.Canceled, "the pipeline was stopped"),
            JobWhen.Manual when plan.AllowFailure => Because(JobState.Skipped, $"it is manual: name it to run it (try … {plan.Job.Name})"),
            JobWhen.Manual => Because(JobState.Blocked, $"it is manual and later jobs wait for it: name it to run it (try … {plan.Job.Name})"),
            JobWhen.OnFailure when before.TrueForAll(b => b.State != JobState.Failed) => Because(JobState.Skipped, "it is for failures (when: on_failure), there was none"),
            JobWhen.OnSuccess when hindered is not null => Because(JobState.Blocked, $"{hindered.Job.Name} did not pass"),
            _ => null,
        };
    }

    private async Task<JobRunOutcome> RunJobAsync(RunPlan plan, JobPayloads payloads, IReadOnlyList<JobRunOutcome> sources, JobStop stop)
    {
        var slot = TakeSlot();
        var tries = new List<JobOutcome>();
        long id;
        do
        {
            id = _pipelineId + Interlocked.Increment(ref _jobs);
            var token = gitlab.Tokens.Issue();
            var payload = await payloads.BuildAsync(plan, id, token, sources, time.GetUtcNow(), CancellationToken.None);
            await using var output = log.OpenJob(plan.Job.Name, plan.Job.Stage, tries.Count);
            var options = runner with { ConcurrentId = slot, ConcurrentProjectId = slot };
            tries.Add(await new RunnerDouble(options, output, time).RunAsync(payload, stop));
            gitlab.Tokens.Revoke(token);
        }
        while (tries.Count <= plan.Job.Retry.Max && IsRetried(plan.Job.Retry, tries[^1]));

        FreeSlot(slot);
        var last = tries[^1];
        var state = last.Result switch
        {
            JobResult.Success => JobState.Passed,
            JobResult.Canceled => JobState.Canceled,
            _ => plan.Tolerates(last.ExitCode) ? JobState.Tolerated : JobState.Failed,
        };
        return new JobRunOutcome(plan.Job, state, state == JobState.Passed ? null : last.Message, tries) { Id = id };
    }

    /// <summary>CI_CONCURRENT_ID: the smallest number that no running job has.</summary>
    private int TakeSlot()
    {
        lock (_gate)
        {
            return Enumerable.Range(0, int.MaxValue).First(_slots.Add);
        }
    }

    private void FreeSlot(int slot)
    {
        lock (_gate)
        {
            _slots.Remove(slot);
        }
    }

    private static bool IsRetried(RetryRequest retry, JobOutcome outcome) =>
        outcome.Result == JobResult.Failed
        && ((retry.When.Count == 0 && retry.ExitCodes.Count == 0)
            || retry.When.Contains(outcome.FailureReason ?? "unknown_failure")
            || retry.ExitCodes.Contains(outcome.ExitCode));
}
