using System.Collections.Frozen;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>artifacts: one archive, and one upload per report.</summary>
internal static class ArtifactReader
{
    // Format and default name as GitLab gives them (Ci::JobArtifact). A report of an unlisted type is refused.
    private static readonly FrozenDictionary<string, (string Format, string Name)> Reports = new Dictionary<string, (string, string)>
    {
        ["accessibility"] = ("raw", "gl-accessibility.json"),
        ["annotations"] = ("raw", "gl-annotations.json"),
        ["api_fuzzing"] = ("raw", "gl-api-fuzzing-report.json"),
        ["codequality"] = ("raw", "gl-code-quality-report.json"),
        ["container_scanning"] = ("raw", "gl-container-scanning-report.json"),
        ["coverage_fuzzing"] = ("raw", "gl-coverage-fuzzing.json"),
        ["cyclonedx"] = ("gzip", "gl-sbom.cdx.json"),
        ["dast"] = ("raw", "gl-dast-report.json"),
        ["dependency_scanning"] = ("raw", "gl-dependency-scanning-report.json"),
        ["dotenv"] = ("gzip", ".env"),
        ["junit"] = ("gzip", "junit.xml"),
        ["load_performance"] = ("raw", "load-performance.json"),
        ["metrics"] = ("gzip", "metrics.txt"),
        ["performance"] = ("raw", "performance.json"),
        ["browser_performance"] = ("raw", "browser-performance.json"),
        ["requirements"] = ("raw", "requirements.json"),
        ["sast"] = ("raw", "gl-sast-report.json"),
        ["secret_detection"] = ("raw", "gl-secret-detection-report.json"),
        ["terraform"] = ("raw", "tfplan.json"),
    }.ToFrozenDictionary();

    public static IReadOnlyList<PayloadArtifact> Read(ValueReader values, YamlEntry? entry)
    {
        if (ValueReader.IsAbsent(entry))
        {
            return [];
        }

        if (entry!.Value is not YamlMap map)
        {
            values.Problems.Error(entry.Value.Place, $"artifacts: this is {entry.Value.Kind}, it must be a mapping with paths or reports");
            return [];
        }

        foreach (var shown in map.Entries.Where(e => e.Key is "expose_as" or "public" or "access"))
        {
            values.Problems.Ignored(shown.Place, $"artifacts: {shown.Key}: there is no page that would show them");
        }

        values.Only(map, "artifacts", "paths", "exclude", "untracked", "name", "expire_in", "when", "reports", "expose_as", "public", "access");
        var archive = new PayloadArtifact
        {
            Name = values.Text(map.Find("name")) ?? "",
            Untracked = values.Flag(map.Find("untracked")) ?? false,
            Paths = values.Texts(map.Find("paths")) ?? [],
            Exclude = values.Texts(map.Find("exclude")),
            When = values.OneOf(map.Find("when"), "on_success", "on_failure", "always") ?? "on_success",
            ExpireIn = values.Text(map.Find("expire_in")) ?? "",
        };
        PayloadArtifact[] archives = archive.Paths.Count > 0 || archive.Untracked ? [archive] : [];
        return [.. archives, .. ReadReports(values, map.Find("reports"), archive)];
    }

    private static IEnumerable<PayloadArtifact> ReadReports(ValueReader values, YamlEntry? reports, PayloadArtifact archive)
    {
        if (reports is null)
        {
            yield break;
        }

        foreach (var report in (reports.Value as YamlMap)?.Entries ?? [])
        {
            if (report.Key == "coverage_report")
            {
                var paths = report.Value is YamlMap coverage ? values.Texts(coverage.Find("path")) : null;
                yield return new PayloadArtifact
                { Name = "cobertura-coverage.xml", Paths = paths ?? [], When = "always", ArtifactType = "cobertura", ArtifactFormat = "gzip", ExpireIn = archive.ExpireIn };
            }
            else if (Reports.TryGetValue(report.Key, out var type))
            {
                yield return new PayloadArtifact
                {
                    Name = type.Name,
                    Paths = values.Texts(report) ?? [],

                    // GitLab wants reports of failed jobs, too.
                    When = "always",
                    ArtifactType = report.Key,
                    ArtifactFormat = type.Format,
                    ExpireIn = archive.ExpireIn,
                };
            }
            else
            {
                values.Problems.Error(report.Place, $"artifacts: reports: {report.Key} is not a type that try knows. Known: {string.Join(", ", Reports.Keys.Order())}");
            }
        }
    }
}
