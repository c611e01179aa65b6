using System.Net;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Operations.Gc;

/// <summary>
/// One sweep: 1. the API server's clock; 2. list what bears our label; 3. decide; 4. delete, each object only if it is still
/// the one that was looked at: a job of the same name that begins meanwhile has another uid.
/// </summary>
internal sealed class GcSession(ApiClient api, GcRequest request, TimeSpan cleanupGrace, TextWriter output, TimeProvider time)
{
    private const int PageSize = 500;

    private static readonly string Selector = Uri.EscapeDataString($"{PodMetadata.ManagedBy}={PodMetadata.Product}");

    private int _swept;
    private int _left;
    private int _failed;

    /// <returns>False if something that is dead could not be deleted.</returns>
    /// <exception cref="FailureException">The pods may not be listed.</exception>
    /// <exception cref="ApiException">The API server is away for longer than the retry budget.</exception>
    public async Task<bool> RunAsync(CancellationToken cancel)
    {
        // Step 1
        var now = await api.GetServerTimeAsync(cancel) ?? time.GetUtcNow();

        if (request.Namespaces.Count == 0)
        {
            await SweepAsync(null, now, cancel);
        }

        foreach (var ns in request.Namespaces)
        {
            await SweepAsync(ns, now, cancel);
        }

        var verb = request.DryRun ? "would be swept" : "swept";
        await output.WriteLineAsync($"{_swept} {verb}, {_left} left alone{(_failed > 0 ? $", {_failed} could not be deleted" : "")}.");
        return _failed == 0;
    }

    /// <param name="ns">Null: all.</param>
    private async Task SweepAsync(string? ns, DateTimeOffset now, CancellationToken cancel)
    {
        // Step 2: Secrets first, so that none is taken for orphaned whose pod came in between.
        var secrets = await SecretsAsync(ns, cancel);
        var pods = await ListAsync(ns, "pods", path => PageAsync(path, cancel));
        var alive = pods.Select(p => (p.Metadata.NamespaceProperty, p.Metadata.Name)).ToHashSet();

        // Steps 3 and 4
        foreach (var pod in pods)
        {
            await ActAsync(Describe("pods", pod.Metadata), DeadPods.Judge(pod, request, now), cancel);
        }

        foreach (var secret in secrets)
        {
            var item = Describe("secrets", secret.Metadata);
            await ActAsync(item, DeadPods.JudgeBelonging(secret.Metadata, alive.Contains((secret.Metadata.NamespaceProperty, item.Job)), request, now), cancel);
        }

        if (ns is null && request.SweepNamespaces)
        {
            await SweepNamespacesAsync(pods, now, cancel);
        }
    }

    /// <summary>Namespaces of jobs, with all that is in them, when no pod in them lives.</summary>
    private async Task SweepNamespacesAsync(IReadOnlyList<V1Pod> pods, DateTimeOffset now, CancellationToken cancel)
    {
        var living = pods.Where(p => !DeadPods.Judge(p, request, now).Sweep).Select(p => p.Metadata.NamespaceProperty).ToHashSet();
        var namespaces = await ListAsync<V1Namespace>(null, "namespaces", async path =>
        {
            var page = await api.GetAsync<V1NamespaceList>(path, cancel);
            return (page.Items, page.Metadata?.ContinueProperty);
        });
        foreach (var item in namespaces.Select(n => n.Metadata).Where(DeadPods.IsOfAJob))
        {
            await ActAsync(Describe("namespaces", item), DeadPods.JudgeBelonging(item, living.Contains(item.Name), request, now), cancel);
        }
    }

    private async Task<IReadOnlyList<V1Secret>> SecretsAsync(string? ns, CancellationToken cancel)
    {
        try
        {
            return await ListAsync(ns, "secrets", async path =>
            {
                var page = await api.GetMetadataAsync<V1SecretList>(path, cancel);
                return (page.Items, page.Metadata?.ContinueProperty);
            });
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            await output.WriteLineAsync("Secrets are left out: this account may not list them. To sweep them, too: pod-executor rbac gc");
            return [];
        }
    }

    private async Task<(IList<V1Pod> Items, string? Continue)> PageAsync(string path, CancellationToken cancel)
    {
        try
        {
            var page = await api.GetAsync<V1PodList>(path, cancel);
            return (page.Items, page.Metadata?.ContinueProperty);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            throw new FailureException(
                new Failure(FailureKind.System, "The jobs' pods cannot be listed", e.Detail, "Give gc an account of its own: pod-executor rbac gc"), e);
        }
    }

    private static async Task<IReadOnlyList<T>> ListAsync<T>(string? ns, string kind, Func<string, Task<(IList<T> Items, string? Continue)>> page)
    {
        var all = new List<T>();
        string? next = null;
        do
        {
            var path = $"{Collection(ns, kind)}?labelSelector={Selector}&limit={PageSize}{(next is null ? "" : "&continue=" + Uri.EscapeDataString(next))}";
            (var items, next) = await page(path);
            all.AddRange(items ?? []);
        }
        while (!string.IsNullOrEmpty(next));
        return all;
    }

    private async Task ActAsync(JobObject item, SweepVerdict verdict, CancellationToken cancel)
    {
        var name = item.Namespace is { } ns ? $"{item.Kind[..^1]} {ns}/{item.Name}" : $"{item.Kind[..^1]} {item.Name}";
        if (!verdict.Sweep)
        {
            _left++;
            if (request.DryRun)
            {
                await output.WriteLineAsync($"left alone: {name}: {verdict.Why}");
            }

            return;
        }

        if (request.DryRun)
        {
            _swept++;
            await output.WriteLineAsync($"would be swept: {name}: {verdict.Why}");
            return;
        }

        try
        {
            await api.DeleteAsync($"{Collection(item.Namespace, item.Kind)}/{item.Name}", DeleteOptions(item), cancel);
            _swept++;
            await output.WriteLineAsync($"swept: {name}: {verdict.Why}");
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Conflict)
        {
            _left++;
            await output.WriteLineAsync($"left alone: {name}: it has changed meanwhile");
        }
        catch (ApiException e)
        {
            _failed++;
            await output.WriteLineAsync($"could not be deleted: {name}: {e.Detail}");
        }
    }

    private static string Collection(string? ns, string kind) => ns is null ? $"api/v1/{kind}" : $"api/v1/namespaces/{ns}/{kind}";

    private string DeleteOptions(JobObject item) =>
        $$$"""{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":{{{(long)cleanupGrace.TotalSeconds}}},"propagationPolicy":"Background","preconditions":{"uid":"{{{item.Uid}}}","resourceVersion":"{{{item.ResourceVersion}}}"}}""";

    private static JobObject Describe(string kind, V1ObjectMeta metadata) => new(
        kind,
        metadata.NamespaceProperty,
        metadata.Name,
        metadata.Uid,
        metadata.ResourceVersion,
        metadata.Labels?.TryGetValue(PodMetadata.PodLabel, out var pod) == true ? pod : metadata.Name);
}
