using System.Net;
using System.Text.Json;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Output;

namespace PodExecutor.Driver.Pods;

/// <summary>Brings the job's pod up: created or adopted, and waited for. Every step may be repeated.</summary>
internal sealed class JobPod(ApiClient api, KubernetesOptions options, JobLog log, TimeProvider time)
{
    private readonly PodCompanions _companions = new(api);
    private readonly PodRemoval _removal = new(api, options.CleanupGrace, options.NamespacePerJob);

    /// <summary>
    /// Brings the pod up and waits until all its containers run.
    /// 1. what the server must be able to do; 2. the job's own namespace; 3. the pod, again with the next pull policy for as long
    /// as there is one and an image cannot be pulled.
    /// </summary>
    /// <exception cref="FailureException">The pod cannot run.</exception>
    /// <exception cref="ApiException">The API server refuses or is away for longer than the retry budget.</exception>
    public async Task StartAsync(JobPlan plan, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(options.PollTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        var latest = new LatestState();
        try
        {
            // Step 1
            var sidecars = await AskVersionAsync(plan, either.Token);

            // Step 2
            if (plan.OwnsNamespace)
            {
                latest.Expect($"service account {plan.ServiceAccount ?? "default"} of namespace {plan.Pod.Namespace}");
                await _companions.CreateNamespaceAsync(plan, new Retry(options.RetryBudget, time), either.Token);
            }

            // Step 3
            while (await TryAsync(plan, sidecars, latest, either.Token) is { } next)
            {
                plan = next;
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new FailureException(new Failure(
                FailureKind.System,
                $"The pod did not start within {options.PollTimeout.TotalSeconds:0} s",
                $"still waiting for {latest.Waiting}",
                latest.Hint ?? "Look at what is waited for, or raise kubernetes.poll_timeout."));
        }
    }

    /// <inheritdoc cref="PodRemoval.DeleteAsync"/>
    public Task DeleteAsync(PreparedPod pod, CancellationToken cancel) => _removal.DeleteAsync(pod, cancel);

    /// <returns>True if the services are to be native sidecars.</returns>
    private async Task<bool> AskVersionAsync(JobPlan plan, CancellationToken cancel)
    {
        if (!ServerNeeds.AsksFor(plan))
        {
            return false;
        }

        using var version = JsonDocument.Parse(await api.GetTextAsync("version", cancel));
        var minor = ServerNeeds.Minor(version.RootElement.TryGetProperty("minor", out var text) ? text.GetString() ?? "" : "");
        if (ServerNeeds.Missing(plan, minor) is { Count: > 0 } missing)
        {
            throw new FailureException(missing);
        }

        if (!ServerNeeds.WantsSidecars(plan) || minor >= ServerNeeds.Sidecars)
        {
            return ServerNeeds.WantsSidecars(plan);
        }

        log.Line($"The server is Kubernetes 1.{minor} and has no native sidecars: services are plain containers.");
        return false;
    }

    /// <summary>
    /// 1. the Secrets, since the kubelet asks for them when it starts the containers; those of a pod that an earlier try left stay,
    /// because the kubelet may be reading them; 2. that pod, or a new one; 3. the pod becomes the owner of what lives as long; 4. wait; 5. the services' environment has done its duty.
    /// </summary>
    /// <returns>Null once the pod runs; the plan with another pull policy if it has to be made anew.</returns>
    private async Task<JobPlan?> TryAsync(JobPlan plan, bool sidecars, LatestState latest, CancellationToken cancel)
    {
        // Step 1
        var pull = JobSecrets.Pull(plan);
        var services = JobSecrets.Services(plan);
        V1Pod? adopted = null;
        foreach (var secret in new[] { pull, services }.OfType<V1Secret>())
        {
            if (!await _companions.TryCreateSecretAsync(secret, cancel) && (adopted ??= await AdoptAsync(plan, cancel)) is null)
            {
                await _companions.ReplaceSecretAsync(secret, cancel);
            }
        }

        // Step 2
        var pod = adopted ?? await CreateOrAdoptAsync(plan, sidecars, cancel);

        // Step 3
        await _companions.OwnAsync(pull, pod, cancel);
        if (sidecars)
        {
            await _companions.OwnAsync(services, pod, cancel);
        }

        if (options.Scheduling.DisruptionBudget)
        {
            await _companions.CreateBudgetAsync(pod, cancel);
        }

        // Step 4
        if (await WaitAsync(plan, pod, latest, cancel) is { } next)
        {
            await EndAsync(plan.Pod, pod, cancel);
            return next;
        }

        // Step 5: sidecars may be started again and need it again.
        if (services is not null && !sidecars)
        {
            await api.DeleteAsync(ApiPaths.Of(plan.Pod.Namespace, "secrets", services.Metadata.Name), null, cancel);
        }

        return null;
    }

    private async Task<V1Pod> CreateOrAdoptAsync(JobPlan plan, bool sidecars, CancellationToken cancel)
    {
        var manifest = PodManifest.Of(plan, sidecars);
        while (true)
        {
            try
            {
                return await api.CreateAsync<V1Pod>(ApiPaths.Of(plan.Pod.Namespace, "pods"), manifest, cancel);
            }
            catch (ApiException e) when (e.Status == HttpStatusCode.Conflict && e.Reason == "AlreadyExists")
            {
                if (await AdoptAsync(plan, cancel) is { } adopted)
                {
                    return adopted;
                }
            }
        }
    }

    /// <summary>The pod of an earlier try, if it can still serve; else null once it is gone.</summary>
    private async Task<V1Pod?> AdoptAsync(JobPlan plan, CancellationToken cancel)
    {
        if (await FindAsync(plan.Pod, cancel) is not { } existing)
        {
            return null;
        }

        if (PodVerdict.Of(existing, new HashSet<string>()).State != PodState.Failed)
        {
            log.Line($"Pod {plan.Pod.Name} of an earlier try is there and taken over.");
            return existing;
        }

        log.Line($"Waiting for pod {plan.Pod.Name} of an earlier try to go.");
        await EndAsync(plan.Pod, existing, cancel);
        return null;
    }

    /// <summary>Deletes a pod at once, and waits until its name is free.</summary>
    private async Task EndAsync(PreparedPod name, V1Pod pod, CancellationToken cancel)
    {
        if (pod.Metadata.DeletionTimestamp is null)
        {
            await _removal.EndAsync(name, cancel);
        }

        await Watch(pod).GoneAsync(pod, cancel);
    }

    private async Task<V1Pod?> FindAsync(PreparedPod pod, CancellationToken cancel)
    {
        try
        {
            return await api.GetAsync<V1Pod>(ApiPaths.Of(pod.Namespace, "pods", pod.Name), cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private async Task<JobPlan?> WaitAsync(JobPlan plan, V1Pod created, LatestState latest, CancellationToken cancel)
    {
        var begin = time.GetTimestamp();
        var progress = new PodProgress(log, options.PrintPodWarningEvents);
        var started = new HashSet<string>();
        var pod = created;
        var trouble = new LastingTrouble(time);
        await foreach (var news in trouble.WithTicksAsync(Watch(created).NewsAsync(created, cancel), cancel))
        {
            pod = news.Pod ?? pod;
            if (news.Deleted)
            {
                throw new FailureException(new Failure(FailureKind.System, $"Pod {pod.Metadata.Name} was deleted while it started", null, "Somebody or something (a cleaner, a quota, a preemption) deleted it."));
            }

            Tell(news, progress, started);
            var verdict = PodVerdict.Of(pod, started);
            latest.Take(verdict, plan);
            if (verdict.State == PodState.Ready)
            {
                log.Line($"Pod is ready after {time.GetElapsedTime(begin).TotalSeconds:0.0} s.");
                return null;
            }

            // A pull that has failed, not one that is slow.
            if (verdict.NotPulled is { } container && plan.WithNextPullPolicy(container) is { } next)
            {
                log.Line($"{plan.Image(container)!.Name} could not be pulled with policy {plan.Image(container)!.PullPolicy}: trying {next.Image(container)!.PullPolicy}.");
                return next;
            }

            if (trouble.Judge(verdict) is { } failure)
            {
                throw new FailureException(failure);
            }

            progress.Waiting(verdict.Waiting);
        }

        return null;
    }

    private void Tell(PodNews news, PodProgress progress, HashSet<string> started)
    {
        if (news.EventsRefused is { } refused)
        {
            log.Warning($"The pod's events cannot be shown: {refused}");
        }

        if (news.Event is { } item)
        {
            progress.Event(item);
            if (item.Reason == "Started" && item.Container.Length > 0)
            {
                started.Add(item.Container);
            }
        }
    }

    private PodWatch Watch(V1Pod pod) => new(api, pod.Metadata.NamespaceProperty, pod.Metadata.Name, new Retry(options.RetryBudget, time));

    private sealed class LatestState
    {
        public string Waiting { get; private set; } = "the API server";

        /// <summary>What to do, if what is waited for tells.</summary>
        public string? Hint { get; private set; }

        public void Expect(string what) => Waiting = what;

        public void Take(Verdict verdict, JobPlan plan)
        {
            Waiting = verdict.Waiting;
            Hint = verdict.Waiting.StartsWith(PodVerdict.NoNode, StringComparison.Ordinal) ? PlacementHint.For(plan) : null;
        }
    }
}
