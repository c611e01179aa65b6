using System.Net;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Output;

namespace PodExecutor.Driver.Pods;

/// <summary>The job's pod in the cluster: created or adopted, waited for, deleted. Every step may be repeated.</summary>
internal sealed class JobPod(ApiClient api, KubernetesOptions options, JobLog log, TimeProvider time)
{
    /// <summary>
    /// Brings the pod up and waits until all its containers run.
    /// 1. the Secrets, since the kubelet asks for them when it starts the containers; 2. the pod, or the one that an earlier
    /// try left; 3. the pod becomes the owner of the pull secret; 4. wait; 5. the services' environment has done its duty.
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
            var pull = JobSecrets.Pull(plan);
            var services = JobSecrets.Services(plan);
            await CreateSecretAsync(pull, either.Token);
            await CreateSecretAsync(services, either.Token);

            // Step 2
            var pod = await CreateOrAdoptAsync(plan, either.Token);

            // Step 3
            await OwnAsync(pull, pod, either.Token);

            // Step 4
            await WaitAsync(pod, latest, either.Token);

            // Step 5
            if (services is not null)
            {
                await api.DeleteAsync(Path(plan.Pod.Namespace, "secrets", services.Metadata.Name), null, cancel);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new FailureException(new Failure(
                FailureKind.System,
                $"The pod did not start within {options.PollTimeout.TotalSeconds:0} s",
                $"still waiting for {latest.Waiting}",
                "Look at what is waited for, or raise kubernetes.poll_timeout."));
        }
    }

    /// <summary>Deletes the pod and the Secrets, whatever of them there is. Does not wait for them to be gone.</summary>
    public async Task DeleteAsync(PreparedPod pod, CancellationToken cancel)
    {
        var grace = (long)options.CleanupGrace.TotalSeconds;
        await api.DeleteAsync(Path(pod.Namespace, "pods", pod.Name), DeleteOptions(grace), cancel);
        var selector = Uri.EscapeDataString($"{PodMetadata.PodLabel}={pod.Name},{PodMetadata.ManagedBy}={PodMetadata.Product}");
        await api.DeleteAsync($"{Path(pod.Namespace, "secrets")}?labelSelector={selector}", null, cancel);
    }

    private static string Path(string ns, string kind, string? name = null) =>
        name is null ? $"api/v1/namespaces/{ns}/{kind}" : $"api/v1/namespaces/{ns}/{kind}/{name}";

    private static string DeleteOptions(long graceSeconds) =>
        $$"""{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":{{graceSeconds}},"propagationPolicy":"Background"}""";

    private async Task CreateSecretAsync(V1Secret? secret, CancellationToken cancel)
    {
        if (secret is null)
        {
            return;
        }

        var collection = Path(secret.Metadata.NamespaceProperty, "secrets");
        try
        {
            await api.CreateAsync(collection, secret, cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Conflict)
        {
            // Of an earlier try, perhaps with a token that no longer counts.
            await api.DeleteAsync($"{collection}/{secret.Metadata.Name}", null, cancel);
            await api.CreateAsync(collection, secret, cancel);
        }
    }

    private async Task<V1Pod> CreateOrAdoptAsync(JobPlan plan, CancellationToken cancel)
    {
        var spec = PodSpec.Of(plan);
        while (true)
        {
            try
            {
                return await api.CreateAsync(Path(plan.Pod.Namespace, "pods"), spec, cancel);
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
        V1Pod existing;
        try
        {
            existing = await api.GetAsync<V1Pod>(Path(plan.Pod.Namespace, "pods", plan.Pod.Name), cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }

        if (PodVerdict.Of(existing, new HashSet<string>()).State != PodState.Failed)
        {
            log.Line($"Pod {plan.Pod.Name} of an earlier try is there and taken over.");
            return existing;
        }

        log.Line($"Waiting for pod {plan.Pod.Name} of an earlier try to go.");
        if (existing.Metadata.DeletionTimestamp is null)
        {
            await api.DeleteAsync(Path(plan.Pod.Namespace, "pods", plan.Pod.Name), DeleteOptions(0), cancel);
        }

        await foreach (var news in Watch(existing).NewsAsync(existing.Metadata.Uid, cancel))
        {
            if (news.Deleted)
            {
                break;
            }
        }

        return null;
    }

    /// <summary>So that the pull secret goes when the pod goes, even if nobody calls cleanup.</summary>
    private async Task OwnAsync(V1Secret? secret, V1Pod pod, CancellationToken cancel)
    {
        if (secret is not null)
        {
            var owner = $$$"""{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"{{{pod.Metadata.Name}}}","uid":"{{{pod.Metadata.Uid}}}"}]}}""";
            await api.MergePatchAsync(Path(pod.Metadata.NamespaceProperty, "secrets", secret.Metadata.Name), owner, cancel);
        }
    }

    private async Task WaitAsync(V1Pod created, LatestState latest, CancellationToken cancel)
    {
        var begin = time.GetTimestamp();
        var progress = new PodProgress(log);
        var started = new HashSet<string>();
        var pod = created;
        var trouble = new LastingTrouble(time);
        await foreach (var news in trouble.WithTicksAsync(Watch(created).NewsAsync(created.Metadata.Uid, cancel), cancel))
        {
            pod = news.Pod ?? pod;
            if (news.Deleted)
            {
                throw new FailureException(new Failure(FailureKind.System, $"Pod {pod.Metadata.Name} was deleted while it started", null, "Somebody or something (a cleaner, a quota, a preemption) deleted it."));
            }

            Tell(news, progress, started);
            var verdict = PodVerdict.Of(pod, started);
            latest.Waiting = verdict.Waiting;
            if (verdict.State == PodState.Ready)
            {
                log.Line($"Pod is ready after {time.GetElapsedTime(begin).TotalSeconds:0.0} s.");
                return;
            }

            if (trouble.Judge(verdict) is { } failure)
            {
                throw new FailureException(failure);
            }

            progress.Waiting(verdict.Waiting);
        }
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
        public string Waiting { get; set; } = "the API server";
    }
}
