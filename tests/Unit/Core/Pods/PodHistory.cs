using System.Net;
using System.Text;
using PodExecutor.Tests.Unit.Core.Cluster;

namespace PodExecutor.Tests.Unit.Core.Pods;

/// <summary>
/// What an API server knows of one pod: all its versions. Watches are answered as a server does it: from a version on what came after
/// it, without one what there is; a version that is too old is gone.
/// </summary>
internal sealed class PodHistory(params IReadOnlyList<PodVersion> versions)
{
    public const string Name = "job-1";
    public const string Uid = "uid-1";

    /// <summary>Waiting at 10, a bookmark at 12, running at 13, deleted at 14.</summary>
    public static PodHistory Short { get; } = new(
        new(10, "ADDED", "Pending"), new(11, "MODIFIED", "Pending"), new(12, "BOOKMARK", ""), new(13, "MODIFIED", "Running"), new(14, "DELETED", "Running"));

    /// <summary>Older versions are forgotten.</summary>
    public int Oldest { get; init; }

    /// <summary>How much of it has happened.</summary>
    public int Now { get; set; } = int.MaxValue;

    private IEnumerable<PodVersion> Happened => versions.Where(v => v.Number <= Now);

    public static string Pod(int version, string phase, string uid = Uid) =>
        $$$"""{"metadata":{"name":"{{{Name}}}","namespace":"ci","uid":"{{{uid}}}","resourceVersion":"{{{version}}}"},"status":{"phase":"{{{phase}}}"}}""";

    /// <param name="version">Null: what there is.</param>
    public string Watch(string? version)
    {
        var from = version is null ? int.MaxValue : int.Parse(version, System.Globalization.CultureInfo.InvariantCulture);
        if (from < Oldest)
        {
            return """{"type":"ERROR","object":{"kind":"Status","status":"Failure","code":410,"reason":"Expired","message":"too old resource version"}}""" + "\n";
        }

        var text = new StringBuilder();
        if (version is null && State is { Type: not "DELETED" } state)
        {
            text.Append(Line(state with { Type = "ADDED" }));
        }

        foreach (var next in Happened.Where(v => v.Number > from))
        {
            text.Append(Line(next));
        }

        return text.ToString();
    }

    public HttpResponseMessage Get() => State is { Type: not "DELETED" } state
        ? ScriptedServer.Json(Pod(state.Number, state.Phase))
        : ScriptedServer.Refusal((int)HttpStatusCode.NotFound, "NotFound");

    private PodVersion? State => Happened.LastOrDefault(v => v.Type != "BOOKMARK");

    private static string Line(PodVersion version) => version.Type == "BOOKMARK"
        ? "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"" + version.Number + "\"}}}\n"
        : "{\"type\":\"" + version.Type + "\",\"object\":" + Pod(version.Number, version.Phase) + "}\n";
}

internal sealed record PodVersion(int Number, string Type, string Phase);
