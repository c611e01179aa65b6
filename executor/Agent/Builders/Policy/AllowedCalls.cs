namespace PodExecutor.Agent.Builders.Policy;

/// <summary>What a job may call on a builder that it shares with others. BuildKit itself tells its callers apart by nothing.</summary>
internal static class AllowedCalls
{
    public const string Solve = "/moby.buildkit.v1.Control/Solve";
    public const string Status = "/moby.buildkit.v1.Control/Status";
    public const string Session = "/moby.buildkit.v1.Control/Session";
    public const string BridgeSolve = "/moby.buildkit.v1.frontend.LLBBridge/Solve";
    public const string ListenHistory = "/moby.buildkit.v1.Control/ListenBuildHistory";
    public const string UpdateHistory = "/moby.buildkit.v1.Control/UpdateBuildHistory";
    public const string ListWorkers = "/moby.buildkit.v1.Control/ListWorkers";

    private static readonly HashSet<string> Passing = new(StringComparer.Ordinal)
    {
        Status, Session, ListWorkers, "/moby.buildkit.v1.Control/Info",
        "/grpc.health.v1.Health/Check", "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/moby.buildkit.v1.frontend.LLBBridge/ResolveImageConfig", "/moby.buildkit.v1.frontend.LLBBridge/ResolveSourceMeta",
        "/moby.buildkit.v1.frontend.LLBBridge/ReadFile", "/moby.buildkit.v1.frontend.LLBBridge/ReadDir", "/moby.buildkit.v1.frontend.LLBBridge/StatFile",
        "/moby.buildkit.v1.frontend.LLBBridge/Evaluate", "/moby.buildkit.v1.frontend.LLBBridge/Ping", "/moby.buildkit.v1.frontend.LLBBridge/Return",
        "/moby.buildkit.v1.frontend.LLBBridge/Inputs", "/moby.buildkit.v1.frontend.LLBBridge/Warn",
    };

    /// <summary>Allowed, perhaps not for every build.</summary>
    public static bool Passes(string path) => Passing.Contains(path);

    /// <summary>A call in the name of one build, told by a header.</summary>
    public static bool IsOfABuild(string path) => path.StartsWith("/moby.buildkit.v1.frontend.LLBBridge/", StringComparison.Ordinal);

    /// <summary>What a refused call would have shown or done.</summary>
    public static string Refusal(string path) => path[(path.LastIndexOf('/') + 1)..] switch
    {
        "Prune" or "DiskUsage" => "the cache of this builder belongs to all projects",
        "ListenBuildHistory" or "UpdateBuildHistory" => "the history of this builder shows other projects' builds; a job sees its own",
        "NewContainer" or "ExecProcess" => "containers run as steps of a build only",
        _ => "jobs build and look on; nothing else is served",
    };
}
