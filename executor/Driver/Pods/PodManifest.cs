using System.Text.Json.Nodes;
using k8s;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods.Patches;

namespace PodExecutor.Driver.Pods;

/// <summary>The pod as it is sent: the spec with the operator's patches on it. Pure.</summary>
internal static class PodManifest
{
    /// <exception cref="FailureException">A patch does not fit.</exception>
    public static string Of(JobPlan plan, bool sidecars = false)
    {
        var text = KubernetesJson.Serialize(PodSpec.Of(plan, sidecars));
        if (plan.Options.PodPatches.Count == 0)
        {
            return text;
        }

        var pod = JsonNode.Parse(text)!.AsObject();
        foreach (var patch in plan.Options.PodPatches)
        {
            pod["spec"] = Patched(pod["spec"]!.AsObject(), patch);
        }

        return pod.ToJsonString();
    }

    /// <summary>Writes the pod once if there are patches: only they may not fit, and the writing costs more than the rest of config.</summary>
    /// <exception cref="FailureException">A patch does not fit.</exception>
    public static void Check(JobPlan plan)
    {
        if (plan.Options.PodPatches.Count > 0)
        {
            Of(plan);
        }
    }

    /// <summary>Only a patch can ask for it.</summary>
    public static bool IsOnHostNetwork(JobPlan plan) =>
        plan.Options.PodPatches.Count > 0 && JsonNode.Parse(Of(plan))!["spec"]?["hostNetwork"] is JsonValue value && value.TryGetValue(out bool isOn) && isOn;

    private static JsonNode Patched(JsonObject spec, PodPatchOptions patch)
    {
        try
        {
            return patch.Kind switch
            {
                PodPatchKind.Json => JsonPatch.Apply(spec, patch.Patch.AsArray()),
                PodPatchKind.Strategic => StrategicMergePatch.Apply(spec, patch.Patch.AsObject()),
                _ => MergePatch.Apply(spec.DeepClone(), patch.Patch.AsObject()),
            };
        }
        catch (PatchException e)
        {
            throw new FailureException(
                new Failure(FailureKind.System, $"The patch kubernetes.pod_spec \"{patch.Name}\" does not fit the job's pod", e.Message, "Correct the patch in the executor's options file."), e);
        }
    }
}
