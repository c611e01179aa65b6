using Google.Protobuf.Collections;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Policy;

/// <summary>
/// What the operator's rules make of a build request, whichever client sent it. Pure but for the request, which it changes. It is applied in the helper container,
/// on the only way to the builder that a job has, so that no script gets around it.
/// </summary>
internal sealed class SolvePolicy
{
    private const string Frontend = "dockerfile.v0";
    private const string GatewayFrontend = "gateway.v0";
    private const string NamespaceArgument = "build-arg:BUILDKIT_CACHE_MOUNT_NS";

    private readonly BuildPolicy _policy;
    private readonly OutputPolicy _outputs;
    private readonly CachePolicy _caches;
    private readonly DefinitionPolicy _definitions;

    public SolvePolicy(BuildPolicy policy)
    {
        _policy = policy;
        _outputs = new OutputPolicy(policy);
        _caches = new CachePolicy(_outputs);
        _definitions = new DefinitionPolicy(policy);
    }

    /// <returns>Why the build is refused, or null.</returns>
    public string? Apply(SolveRequest request)
    {
        request.Cache ??= new CacheOptions();
        var problem = Extras(request)
            ?? _definitions.Apply(request.Definition, request.FrontendInputs.Values)
            ?? FrontendOptions(request.Frontend, request.FrontendAttrs)
            ?? request.Exporters.Select(e => _outputs.Exporter(e.Type, e.Attrs)).FirstOrDefault(p => p is not null)
            ?? (request.ExporterDeprecated.Length == 0 ? null : _outputs.Exporter(request.ExporterDeprecated, request.ExporterAttrsDeprecated))
            ?? _caches.Apply(request.Cache);
        foreach (var exporter in request.Exporters)
        {
            exporter.Type = OutputPolicy.TypeOf(exporter.Type);
        }

        request.ExporterDeprecated = OutputPolicy.TypeOf(request.ExporterDeprecated);
        if (!request.FrontendAttrs.Remove(BuildCacheEntries.Off) && problem is null && _policy.Cache is { } cache)
        {
            var image = BuildIdentity.Of(request.FrontendAttrs);
            BuildCacheEntries.AddExport(request.Cache, cache, image);
            BuildCacheEntries.AddImports(request.Cache, request.Frontend == Frontend ? request.FrontendAttrs : null, cache, image);
        }

        return problem;
    }

    /// <summary>The same for what docker-buildx asks through the gateway API.</summary>
    /// <param name="image">Of the build in whose name it asks: it reads what that one writes.</param>
    public string? Apply(BridgeSolveRequest request, string image)
    {
        var problem = _definitions.Apply(request.Definition, request.FrontendInputs.Values)
            ?? FrontendOptions(request.Frontend, request.FrontendOpt)
            ?? _caches.Imports(request.CacheImports);
        if (problem is null && request.Frontend == Frontend && _policy.Cache is { } cache)
        {
            BuildCacheEntries.AddImports(null, request.FrontendOpt, cache, image);
        }

        return problem;
    }

    /// <summary>What a build asks for beyond being built.</summary>
    private string? Extras(SolveRequest request) =>
        request.Entitlements.FirstOrDefault(e => !IsEntitled(e)) is { } entitlement
            ? $"The entitlement {entitlement} is not allowed on this builder. The operator allows it by [builder] entitlements = [\"{entitlement}\"]."
        : request.EnableSessionExporter
            ? "Outputs that the client names during the build (EnableSessionExporter) are not allowed on this builder: name them in the request, as by --output."
        : request.ProxyNetwork ? "The network of steps is the operator's on this builder: a build cannot ask for ProxyNetwork."
        : null;

    private string? FrontendOptions(string frontend, MapField<string, string> options)
    {
        // Both are read whether or not there is a frontend.
        if ((Provenance.Apply(options, _policy.BuilderId) ?? _caches.ImportsOption(options)) is { } problem)
        {
            return problem;
        }

        if (frontend.Length == 0)
        {
            return null;
        }

        if (frontend is not (Frontend or GatewayFrontend))
        {
            return $"The frontend {frontend} is not known.";
        }

        var builtin = _policy.BuiltinFrontend || _policy.Cache is not null;
        if (builtin && frontend == GatewayFrontend)
        {
            return "Only the builder's own Dockerfile frontend is allowed here, not an image as frontend ([builder] frontends).";
        }

        if (_policy.CacheNamespace.Length > 0)
        {
            options[NamespaceArgument] = _policy.CacheNamespace;
        }

        if (builtin)
        {
            // With it set the frontend takes a "# syntax=" line for followed already (frontend/dockerfile/builder/build.go).
            options["cmdline"] = Frontend;
        }

        return null;
    }

    // "device=name" is entitled by "device".
    private bool IsEntitled(string entitlement) => _policy.Entitlements.Contains(entitlement) || _policy.Entitlements.Contains(entitlement.Split('=')[0]);
}
