using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Job;

/// <summary>A taint that the pod bears. An empty effect is all effects.</summary>
internal sealed record TolerationPlan(string? Key, string? Value, string? Effect);

/// <summary>On which nodes the pod may run.</summary>
internal sealed record PlacementPlan(IReadOnlyDictionary<string, string> NodeSelector, IReadOnlyList<TolerationPlan> Tolerations)
{
    private const string Architecture = "kubernetes.io/arch";
    private const string OperatingSystem = "kubernetes.io/os";

    private static readonly string[] Effects = ["", "NoSchedule", "PreferNoSchedule", "NoExecute"];

    public static PlacementPlan Of(ImageRequest? image, KubernetesOptions options, Overwrites overwrites, JobVariables variables, Decision decision)
    {
        var selector = overwrites.Map(
            "NodeSelector",
            "KUBERNETES_NODE_SELECTOR_",
            options.NodeSelector.ToDictionary(s => s.Key, s => variables.Expand(s.Value)),
            options.Overwrites.NodeSelector,
            "node_selector_overwrite_allowed",
            '=',
            KubernetesNames.WrongLabel);
        var tolerations = overwrites.Map(
            "NodeTolerations",
            "KUBERNETES_NODE_TOLERATIONS_",
            options.NodeTolerations,
            options.Overwrites.NodeTolerations,
            "node_tolerations_overwrite_allowed",
            ':',
            (_, effect) => Effects.Contains(effect) ? null : $"\"{effect}\" is none of NoSchedule, PreferNoSchedule, NoExecute");
        if (selector.GetValueOrDefault(OperatingSystem) is { } system and not "linux")
        {
            decision.Refuse($"Jobs on {system} nodes are not supported", $"the node selector {OperatingSystem} = \"{system}\"", "Use nodes with Linux.");
        }

        Platform(variables.Expand(image?.ExecutorOpts?.Docker?.Platform ?? ""), selector, decision);
        return new PlacementPlan(selector, [.. tolerations.Select(t => Toleration(t.Key, t.Value))]);
    }

    /// <summary>`docker:platform` as the node's architecture, which decides what is pulled.</summary>
    private static void Platform(string platform, SortedDictionary<string, string> selector, Decision decision)
    {
        if (platform.Length == 0)
        {
            return;
        }

        var parts = platform.Split('/');
        var wrong = parts is ["linux", { Length: > 0 }, ..] ? KubernetesNames.WrongLabel(Architecture, parts[1]) : $"\"{platform}\" is not linux/ARCHITECTURE";
        if (wrong is not null)
        {
            decision.Refuse($"`docker:platform: {platform}` cannot be had: {wrong}", "`image:docker:platform` in the pipeline", "Write for example linux/arm64.");
        }
        else if (selector.TryGetValue(Architecture, out var set) && set != parts[1])
        {
            decision.Refuse(
                $"`docker:platform: {platform}` cannot be had: the runner's nodes are {set}", $"`image:docker:platform` in the pipeline, against the node selector {Architecture} = \"{set}\"", "Use a runner with such nodes.");
        }
        else
        {
            selector[Architecture] = parts[1];
        }
    }

    private static TolerationPlan Toleration(string entry, string effect)
    {
        var cut = entry.IndexOf('=', StringComparison.Ordinal);
        return new TolerationPlan(
            entry.Length == 0 ? null : cut < 0 ? entry : entry[..cut], cut < 0 ? null : entry[(cut + 1)..], effect.Length == 0 ? null : effect);
    }
}
