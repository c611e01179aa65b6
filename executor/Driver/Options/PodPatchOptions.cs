using System.Text.Json.Nodes;

namespace PodExecutor.Driver.Options;

internal enum PodPatchKind
{
    /// <summary>JSON merge patch, RFC 7386.</summary>
    Merge,

    /// <summary>JSON patch, RFC 6902.</summary>
    Json,

    /// <summary>Kubernetes' strategic merge: lists are merged by their elements' names.</summary>
    Strategic,
}

/// <summary>A patch of the pod's spec.</summary>
internal sealed record PodPatchOptions(string Name, PodPatchKind Kind, JsonNode Patch);
