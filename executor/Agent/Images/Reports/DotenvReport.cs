using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Solving;

namespace PodExecutor.Agent.Images.Reports;

/// <summary>The image's names and digest as an `artifacts:reports:dotenv`: later jobs deploy exactly this image without any script.</summary>
internal static class DotenvReport
{
    public static string Text(IReadOnlyList<string> names, BuildOutcome outcome)
    {
        var first = names.Count > 0 ? ImageReference.Parse(names[0]) : null;
        var pinned = first is null || outcome.Digest is null ? null : first with { Digest = outcome.Digest };
        (string Name, string? Value)[] lines =
        [
            ("IMAGE_REF", pinned?.Full ?? first?.Full),
            ("IMAGE_DIGEST", outcome.Digest),
            ("IMAGE_TAGS", names.Count > 0 ? string.Join(',', names) : null),
            ("IMAGE_NAME", first?.Name),
            ("IMAGE_ID", outcome.Id),
        ];
        return string.Concat(lines.Where(l => l.Value is not null).Select(l => $"{l.Name}={l.Value}\n"));
    }
}
