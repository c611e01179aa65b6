using PodExecutor.Agent.Builders.Policy;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.Solving;

namespace PodExecutor.Agent.Images.Splitting;

/// <summary>
/// Lets a builder join the shares, where this pod does not reach the registry: as a build for all platforms that takes each from its share and adds nothing. It runs no
/// step, so any builder can, and the layers are in the registry already.
/// </summary>
internal sealed class BuilderJoining(BuildPlan plan, BuildRequest request, IReadOnlyList<BuiltShare> shares)
{
    /// <param name="run">Runs a plan on a builder.</param>
    public async Task<IReadOnlyDictionary<string, string>> PushAsync(OutputRequest exporter, Func<BuildPlan, Task<BuilderRunOutcome>> run)
    {
        var folder = Directory.CreateTempSubdirectory("image-index-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "Dockerfile"), Dockerfile(JoinedImage.NamesOf(exporter)[0].Name));
            return (await run(Plan(exporter, folder.FullName))).Solve!.Response;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A stage for each platform; the last line picks the target's.</summary>
    internal string Dockerfile(string repository) => string.Concat(
        shares.SelectMany(s => s.Platforms.Select(p => $"FROM {repository}@{s.Solve.ImageDigest} AS {Stage(p)}\n"))) + "FROM ${TARGETOS}-${TARGETARCH}${TARGETVARIANT}\n";

    private static string Stage(string platform) => platform.Split('/') is var parts ? $"{parts[0]}-{string.Concat(parts.Skip(1))}" : platform;

    private BuildPlan Plan(OutputRequest exporter, string folder)
    {
        var attributes = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["filename"] = "Dockerfile", ["platform"] = string.Join(',', request.Platforms), [BuildCacheEntries.Off] = "" };
        const string epoch = "build-arg:SOURCE_DATE_EPOCH";
        if (plan.Attributes.TryGetValue(epoch, out var time))
        {
            attributes[epoch] = time;
        }

        return new BuildPlan
        {
            Attributes = attributes,
            Locals = new Dictionary<string, string> { ["context"] = folder, ["dockerfile"] = folder },
            Exporters = [exporter],
            SharedKey = plan.SharedKey + ":index",
        };
    }
}
