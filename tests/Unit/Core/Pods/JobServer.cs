using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using PodExecutor.Tests.Unit.Core.Cluster;

namespace PodExecutor.Tests.Unit.Core.Pods;

/// <summary>As much of an API server as bringing up a pod needs: objects with versions, and containers that run as soon as somebody watches.</summary>
internal sealed class JobServer
{
    private int _version = 100;

    /// <summary>By "kind/name".</summary>
    public ConcurrentDictionary<string, JsonObject> Objects { get; } = new();

    public HttpResponseMessage Answer(HttpRequestMessage request)
    {
        var path = ScriptedServer.Path(request).Split('/');
        return (request.Method.Method, path) switch
        {
            ("POST", [var kind]) => Create(kind, request.Content!),
            ("GET", ["events"]) => ScriptedServer.Stream("", StreamEnd.Silence),
            ("GET", ["pods"]) => Watch(request),
            ("DELETE", [var kind, var name]) => Objects.TryRemove($"{kind}/{name}", out _) ? ScriptedServer.Json("{}") : ScriptedServer.Refusal(404, "NotFound"),
            (_, [var kind, var name]) => Objects.TryGetValue($"{kind}/{name}", out var found)
                ? ScriptedServer.Json(found.ToJsonString()) : ScriptedServer.Refusal(404, "NotFound"),
            _ => ScriptedServer.Refusal(404, "NotFound"),
        };
    }

    /// <summary>A pod whose containers run.</summary>
    public static JsonObject Running(JsonObject pod)
    {
        var running = pod.DeepClone().AsObject();
        running["status"] = new JsonObject
        {
            ["phase"] = "Running",
            ["containerStatuses"] = new JsonArray([.. pod["spec"]!["containers"]!.AsArray().Select(c => (JsonNode)new JsonObject
            {
                ["name"] = c!["name"]!.GetValue<string>(),
                ["ready"] = true,
                ["restartCount"] = 0,
                ["image"] = "",
                ["imageID"] = "",
                ["state"] = new JsonObject { ["running"] = new JsonObject() },
            })]),
        };
        return running;
    }

    private HttpResponseMessage Create(string kind, HttpContent content)
    {
        using var reader = new StreamReader(content.ReadAsStream());
        var body = JsonNode.Parse(reader.ReadToEnd())!.AsObject();
        var metadata = body["metadata"]!;
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["resourceVersion"] = $"{Interlocked.Increment(ref _version)}";
        return Objects.TryAdd($"{kind}/{metadata["name"]}", body)
            ? ScriptedServer.Json(body.ToJsonString(), HttpStatusCode.Created)
            : ScriptedServer.Refusal(409, "AlreadyExists");
    }

    private HttpResponseMessage Watch(HttpRequestMessage request)
    {
        var name = Uri.UnescapeDataString(request.RequestUri!.Query).Split("metadata.name=")[1].Split('&')[0];
        if (!Objects.TryGetValue($"pods/{name}", out var pod))
        {
            // It went after the version that is watched from.
            var gone = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["uid"] = "" } };
            return ScriptedServer.Stream("{\"type\":\"DELETED\",\"object\":" + gone.ToJsonString() + "}\n", StreamEnd.Silence);
        }

        var running = Running(pod);
        running["metadata"]!["resourceVersion"] = $"{Interlocked.Increment(ref _version)}";
        return ScriptedServer.Stream("{\"type\":\"MODIFIED\",\"object\":" + running.ToJsonString() + "}\n", StreamEnd.Silence);
    }
}
