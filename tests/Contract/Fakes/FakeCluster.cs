using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace PodExecutor.Tests.Contract.Fakes;

/// <summary>
/// As much of an API server and its kubelet as one job sees, with faults to order. A pod's containers run at once, and its
/// two agents are real ones, as processes of this machine.
/// </summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    private static readonly IReadOnlyList<string> Listed = ["resourcequotas", "limitranges", "pods", "secrets", "namespaces"];

    private readonly WebApplication _server;
    private readonly ConcurrentDictionary<string, LocalAgent> _agents = new();
    private readonly CancellationTokenSource _over = new();
    private CancellationTokenSource _cut = new();

    private FakeCluster()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _server = builder.Build();
        _server.UseWebSockets();
        _server.Run(HandleAsync);
    }

    /// <summary>Pods and Secrets by kind/name.</summary>
    public ConcurrentDictionary<string, JsonObject> Objects { get; } = new();

    /// <summary>"POST pods", "GET pods?watch", "GET pods/NAME/exec" …, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Asked first for each request: true if it has answered.</summary>
    public Func<string, HttpContext, Task<bool>>? Fault { get; set; }

    /// <summary>Loopback ports of agents that a driver has asked for, in order.</summary>
    public ConcurrentQueue<int> ForwardedPorts { get; } = new();

    /// <summary>Where a port-forward leads instead of to the port that is asked for.</summary>
    public int? Impostor { get; set; }

    /// <summary>Of services, by container.</summary>
    public ConcurrentDictionary<string, string> Logs { get; } = new();

    /// <summary>"VERB RESOURCE" that an access review refuses.</summary>
    public ISet<string> RefusedRights { get; } = new HashSet<string>();

    /// <summary>Of the server's version.</summary>
    public string Minor { get; set; } = "33";

    /// <summary>What becomes of a new pod; the default is that its containers run.</summary>
    public Action<JsonObject> OnCreate { get; set; } = Run;

    public string Kubeconfig => $$"""
        apiVersion: v1
        kind: Config
        current-context: fake
        contexts:
        - name: fake
          context: {cluster: fake, user: fake}
        users:
        - name: fake
          user: {token: token-of-the-fake}
        clusters:
        - name: fake
          cluster: {server: "{{_server.Urls.First()}}"}
        """;

    /// <summary>The real supervisor of a container, once a driver has reached it.</summary>
    public LocalAgent Agent(string container) => _agents[container];

    public int Count(string subresource) => Requests.Count(r => r.EndsWith("/" + subresource, StringComparison.Ordinal));

    public bool HasPod => Objects.Keys.Any(k => k.StartsWith("pods/", StringComparison.Ordinal));

    public static async Task<FakeCluster> StartAsync()
    {
        var cluster = new FakeCluster();
        await cluster._server.StartAsync();
        return cluster;
    }

    /// <summary>Ends every exec that is open, without a word.</summary>
    public void Cut() => Interlocked.Exchange(ref _cut, new CancellationTokenSource()).Cancel();

    public static void Run(JsonObject pod)
    {
        static JsonArray Running(JsonNode? containers) => new([.. (containers?.AsArray() ?? []).Select(c => (JsonNode)new JsonObject
        {
            ["name"] = c!["name"]!.GetValue<string>(),
            ["state"] = new JsonObject { ["running"] = new JsonObject() },
        })]);
        pod["status"] = new JsonObject
        {
            ["phase"] = "Running",
            ["containerStatuses"] = Running(pod["spec"]!["containers"]),
            ["initContainerStatuses"] = Running(pod["spec"]!["initContainers"]),
        };
    }

    /// <summary>From now on nobody listens there.</summary>
    public Task StopAsync() => _server.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        Cut();
        await _server.DisposeAsync();
        foreach (var agent in _agents.Values)
        {
            agent.Dispose();
        }

        _over.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var path = ShortPath(context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries));
        var watch = context.Request.Query.ContainsKey("watch");
        var request = $"{context.Request.Method} {string.Join('/', path)}{(watch ? "?watch" : "")}";
        Requests.Enqueue(request);
        if (Fault is { } fault && await fault(request, context))
        {
            return;
        }

        await ((context.Request.Method, path) switch
        {
            ("GET", ["serviceaccounts"]) when watch => AddedAsync(context),
            ("GET", ["pods", var name, "log"]) => LogAsync(context, name),
            ("GET", ["version"]) => WriteAsync(context, new JsonObject { ["major"] = "1", ["minor"] = Minor, ["gitVersion"] = $"v1.{Minor}.0" }),
            ("POST", [.., "selfsubjectaccessreviews"]) => ReviewAsync(context),
            ("POST", [var kind]) => CreateAsync(context, kind),
            ("GET", [var kind]) when !watch && Listed.Contains(kind) => ListAsync(context, kind),
            ("GET", ["pods"]) when watch => WatchAsync(context),
            ("GET", ["events"]) when watch => HoldAsync(context),
            ("GET", [var kind, var name]) => GetAsync(context, $"{kind}/{name}"),
            ("GET", ["pods", var name, "exec"]) => ExecAsync(context, name),
            ("GET", ["pods", var name, "portforward"]) => PortForwardAsync(context, name),
            ("PATCH", [var kind, var name]) => GetAsync(context, $"{kind}/{name}"),
            ("DELETE", [var kind, var name]) => DeleteAsync(context, $"{kind}/{name}"),
            ("DELETE", ["secrets"]) => DeleteAllAsync(context),
            _ => RefuseAsync(context, 404, "NotFound", "no such thing"),
        });
    }

    public static Task RefuseAsync(HttpContext context, int status, string reason, string message)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Failure", ["reason"] = reason, ["message"] = message, ["code"] = status });
    }

    /// <summary>/api/v1/namespaces/NS/… without what is always the same; a core object of all namespaces, or of none, by its kind.</summary>
    private static string[] ShortPath(string[] path)
    {
        var at = Array.IndexOf(path, "namespaces");
        return at >= 0 ? path.Length > at + 2 ? path[(at + 2)..] : path[at..]
            : path is ["api", "v1", .. var core] ? core : path;
    }

    /// <summary>A log that is followed has an end when its container has.</summary>
    private async Task LogAsync(HttpContext context, string pod)
    {
        string container = context.Request.Query["container"]!;
        await context.Response.WriteAsync(Logs.GetValueOrDefault(container, ""));
        var status = Objects.GetValueOrDefault("pods/" + pod)?["status"]?["containerStatuses"]?.AsArray().FirstOrDefault(c => c!["name"]!.GetValue<string>() == container);
        if (context.Request.Query.ContainsKey("follow") && status?["state"]?["terminated"] is null)
        {
            await HoldAsync(context);
        }
    }

    private async Task AddedAsync(HttpContext context)
    {
        await context.Response.WriteAsync("""{"type":"ADDED","object":{"metadata":{"name":"default"}}}""" + "\n");
        await HoldAsync(context);
    }

    private async Task CreateAsync(HttpContext context, string kind)
    {
        var body = (await JsonNode.ParseAsync(context.Request.Body))!.AsObject();
        var name = body["metadata"]!["name"]!.GetValue<string>();
        if (Objects.ContainsKey($"{kind}/{name}"))
        {
            await RefuseAsync(context, 409, "AlreadyExists", $"{kind} \"{name}\" already exists");
            return;
        }

        if (context.Request.Query.ContainsKey("dryRun"))
        {
            await WriteAsync(context, body);
            return;
        }

        // A new pod is pending: what becomes of it is told to whoever watches.
        body["metadata"]!["uid"] = Guid.NewGuid().ToString();
        var created = body.DeepClone().AsObject();
        if (kind == "pods")
        {
            OnCreate(body);
        }

        Objects[$"{kind}/{name}"] = body;
        context.Response.StatusCode = 201;
        await WriteAsync(context, created);
    }

    private async Task ReviewAsync(HttpContext context)
    {
        var body = (await JsonNode.ParseAsync(context.Request.Body))!.AsObject();
        var asked = body["spec"]!["resourceAttributes"]!;
        var sub = asked["subresource"] is { } name ? "/" + name : "";
        body["status"] = new JsonObject { ["allowed"] = !RefusedRights.Contains($"{asked["verb"]} {asked["resource"]}{sub}") };
        await WriteAsync(context, body);
    }

    private Task ListAsync(HttpContext context, string kind)
    {
        var items = Objects.Where(o => o.Key.StartsWith(kind + "/", StringComparison.Ordinal)).Select(o => o.Value.DeepClone());
        return WriteAsync(context, new JsonObject { ["kind"] = "List", ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items]) });
    }

    private async Task GetAsync(HttpContext context, string key) =>
        await (Objects.TryGetValue(key, out var found) ? WriteAsync(context, found) : RefuseAsync(context, 404, "NotFound", $"{key} not found"));

    private async Task DeleteAsync(HttpContext context, string key)
    {
        var options = context.Request.ContentLength > 0 ? await JsonNode.ParseAsync(context.Request.Body) : null;
        if (options?["preconditions"]?["uid"]?.GetValue<string>() is { } uid && Objects.TryGetValue(key, out var there) && there["metadata"]!["uid"]!.GetValue<string>() != uid)
        {
            await RefuseAsync(context, 409, "Conflict", "the UID in the precondition does not match");
            return;
        }

        if (!Objects.TryRemove(key, out var removed))
        {
            await RefuseAsync(context, 404, "NotFound", $"{key} not found");
            return;
        }

        if (key.StartsWith("pods/", StringComparison.Ordinal))
        {
            Cut();
        }

        await WriteAsync(context, removed);
    }

    private Task DeleteAllAsync(HttpContext context)
    {
        foreach (var key in Objects.Keys.Where(k => k.StartsWith("secrets/", StringComparison.Ordinal)))
        {
            Objects.TryRemove(key, out _);
        }

        return WriteAsync(context, new JsonObject { ["kind"] = "Status" });
    }

    private async Task WatchAsync(HttpContext context)
    {
        foreach (var pod in Objects.Where(o => o.Key.StartsWith("pods/", StringComparison.Ordinal)).Select(o => o.Value))
        {
            await context.Response.WriteAsync(new JsonObject { ["type"] = "ADDED", ["object"] = pod.DeepClone() }.ToJsonString() + "\n");
        }

        await HoldAsync(context);
    }

    private async Task HoldAsync(HttpContext context)
    {
        await context.Response.Body.FlushAsync();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_over.Token, context.RequestAborted);
        var held = new TaskCompletionSource();
        await using var release = end.Token.Register(held.SetResult);
        await held.Task;
    }

    private async Task ExecAsync(HttpContext context, string pod)
    {
        if (!Objects.ContainsKey("pods/" + pod))
        {
            await RefuseAsync(context, 404, "NotFound", $"pods \"{pod}\" not found");
            return;
        }

        string[] command = [.. context.Request.Query["command"].OfType<string>()];
        if (command is [_, not "link", ..])
        {
            using var plain = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
            await FakeExec.ServeAsync(plain, LocalAgent.Start(command[1..]), _cut.Token);
            return;
        }

        var agent = _agents.GetOrAdd(context.Request.Query["container"]!, _ => new LocalAgent());
        using var socket = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
        await FakeExec.ServeAsync(socket, agent.Link(), _cut.Token);
    }

    private async Task PortForwardAsync(HttpContext context, string pod)
    {
        if (!Objects.ContainsKey("pods/" + pod))
        {
            await RefuseAsync(context, 404, "NotFound", $"pods \"{pod}\" not found");
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
        var port = int.Parse(context.Request.Query["ports"]!, CultureInfo.InvariantCulture);
        ForwardedPorts.Enqueue(port);
        await FakePortForward.ServeAsync(socket, Impostor ?? port, _cut.Token);
    }

    private static Task WriteAsync(HttpContext context, JsonObject body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString());
    }
}
