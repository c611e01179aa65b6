using System.Diagnostics;
using k8s;
using k8s.Models;
using PodExecutor.Driver.Job;

namespace PodExecutor.Bench.Cluster;

/// <summary>Seconds of a bare pod from the call that creates it.</summary>
/// <param name="Started">Until the kubelet's events tell that both containers run; NaN without events.</param>
/// <param name="Running">Until the pod's status, watched, tells it.</param>
/// <param name="Deleted">Until, after one exec of `true`, the call that deletes it is answered.</param>
internal readonly record struct BareTimes(double Started, double Running, double Deleted);

/// <summary>
/// The least that a job in a pod can cost: a pod of two containers that only sleep, created, seen running, one exec, deleted.
/// </summary>
/// <param name="shared">With one empty volume that both containers see, as every job's pod needs for its sources.</param>
/// <param name="events">Null: nobody looks at them. They have one reader.</param>
/// <param name="limits">Null: none.</param>
internal sealed class BarePod(BenchCluster cluster, StartedEvents? events, bool shared, BenchLimits? limits = null)
{
    /// <param name="use">Runs after the first exec, with the pod.</param>
    public async Task<BareTimes> RunAsync(CancellationToken stop, Func<V1Pod, Task>? use = null)
    {
        var begin = Stopwatch.GetTimestamp();
        var pod = await cluster.Api.CreateAsync(cluster.Pods, Pod(), stop);
        var name = pod.Metadata.Name;
        await cluster.WatchAsync(
            $"{cluster.Pods}?watch=1&fieldSelector=metadata.name%3D{name}",
            (_, item) => KubernetesJson.Deserialize<V1Pod>(item).Status?.ContainerStatuses is { Count: 2 } all && all.All(c => c.State?.Running is not null),
            stop);
        var running = Stopwatch.GetElapsedTime(begin);
        await cluster.ExecTrueAsync(name, stop);
        if (use is not null)
        {
            await use(pod);
        }

        await cluster.Api.DeleteAsync(
            $"{cluster.Pods}/{name}",
            $$"""{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":{{BenchJob.GraceSeconds}}}""",
            stop);
        var deleted = Stopwatch.GetElapsedTime(begin);
        var started = events is null ? double.NaN : Stopwatch.GetElapsedTime(begin, await events.LastAsync(name, 2, stop)).TotalSeconds;
        return new BareTimes(started, running.TotalSeconds, deleted.TotalSeconds);
    }

    private V1Pod Pod() => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = new V1ObjectMeta { GenerateName = "bare-", NamespaceProperty = cluster.Namespace },
        Spec = new V1PodSpec
        {
            RestartPolicy = "Never",
            AutomountServiceAccountToken = false,
            TerminationGracePeriodSeconds = BenchJob.GraceSeconds,
            Containers =
            [
                Container(Stage.HelperContainer, cluster.Settings.HelperImage, limits?.Helper),
                Container(Stage.BuildContainer, cluster.Settings.Image, limits?.Build),
            ],
            Volumes = shared ? [new V1Volume { Name = "builds", EmptyDir = new V1EmptyDirVolumeSource() }] : null,
        },
    };

    private V1Container Container(string name, string image, V1ResourceRequirements? resources) => new()
    {
        Name = name,
        Image = image,
        ImagePullPolicy = "IfNotPresent",
        Command = ["sleep", "3600"],
        Resources = resources,
        VolumeMounts = shared ? [new V1VolumeMount { Name = "builds", MountPath = "/builds" }] : null,
    };
}
