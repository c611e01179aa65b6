namespace PodExecutor.BuildKit.Solve;

/// <summary>What a request needs that not every daemon has: an old one would ignore it in silence.</summary>
internal static class Requirements
{
    private static readonly string[] StepLimits = ["ulimit", "shm-size", "cgroup-parent"];

    /// <param name="ask">Only called where the request needs something special: an ordinary build costs no question.</param>
    /// <exception cref="NotSupportedByDaemonException">The daemon lacks it.</exception>
    /// <exception cref="BuildKitException">This client lacks it.</exception>
    public static async Task CheckAsync(SolveRequest request, Func<CancellationToken, Task<DaemonCapabilities>> ask, CancellationToken cancellation)
    {
        RequireKnownMode(request);
        const string namedContext = "context:";
        const string attestation = "attest:";
        List<string> needs = [];
        if (request.Exports.Count > 1)
        {
            needs.Add("more than one output (BuildKit 0.13)");
        }

        if (request.FrontendOptions.Keys.FirstOrDefault(name => name.StartsWith(namedContext, StringComparison.Ordinal)) is { } context)
        {
            needs.Add($"the named context \"{context[namedContext.Length..]}\" (BuildKit 0.10)");
        }

        if (request.FrontendOptions.Keys.FirstOrDefault(name => name.StartsWith(attestation, StringComparison.Ordinal)) is { } kind)
        {
            needs.Add($"{kind[attestation.Length..]} attestations (BuildKit 0.11)");
        }

        // Taken and left out in silence: BuildKit 0.8 builds without them.
        needs.AddRange(StepLimits.Where(request.FrontendOptions.ContainsKey).Select(limit => $"{limit} (BuildKit 0.10)"));
        if (request.Exports.SelectMany(export => export.Attributes.Keys).Any(name => name.StartsWith("annotation", StringComparison.Ordinal)))
        {
            needs.Add("annotations (BuildKit 0.11)");
        }

        if (!request.SourcePolicy.IsEmpty)
        {
            needs.Add("a source policy (BuildKit 0.11)");
        }

        if (needs.Count > 0 && await ask(cancellation).ConfigureAwait(false) is { AnswersInfo: false })
        {
            throw new NotSupportedByDaemonException(
                $"This BuildKit daemon is older than 0.11 and lacks what the build asks for: {string.Join(", ", needs)}. Use a newer daemon, or leave it out.");
        }
    }

    /// <summary>Deleting is the receiver's work, so that no daemon can do it for a client that does not; one that knows no modes only copies.</summary>
    private static void RequireKnownMode(SolveRequest request)
    {
        if (request.Exports.FirstOrDefault(export => export.Type == "local" && export.Attributes.GetValueOrDefault("mode") is not (null or "copy")) is { } local)
        {
            throw new BuildKitException(
                $"The output's mode={local.Attributes["mode"]} is not offered by this client: it only adds to the folder {local.Directory} (mode=copy). " +
                "Leave mode out, and empty the folder first if nothing else may be in it.");
        }
    }
}
