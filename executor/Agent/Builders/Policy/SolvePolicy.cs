using Google.Protobuf.Collections;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.References;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Policy;

/// <summary>
/// What the operator's rules make of a build request, whichever client sent it. Pure but for the request, which it changes. It is applied in the helper container,
/// on the only way to the builder that a job has, so that no script gets around it.
/// </summary>
internal sealed class SolvePolicy(BuildPolicy policy)
{
    private const string Frontend = "dockerfile.v0";
    private const string GatewayFrontend = "gateway.v0";
    private const string NamespaceArgument = "build-arg:BUILDKIT_CACHE_MOUNT_NS";

    /// <returns>Why the build is refused, or null.</returns>
    public string? Apply(SolveRequest request)
    {
        request.Cache ??= new CacheOptions();
        if (request.Entitlements.FirstOrDefault(e => !IsEntitled(e)) is { } entitlement)
        {
            return $"The entitlement {entitlement} is not allowed on this builder. The operator allows it by [builder] entitlements = [\"{entitlement}\"].";
        }

        var problem = Definitions([.. request.Definition is null ? [] : request.Definition.Def.Select(d => d.Span.ToArray()),
                .. request.FrontendInputs.Values.SelectMany(d => d.Def).Select(d => d.Span.ToArray())])
            ?? FrontendOptions(request.Frontend, request.FrontendAttrs)
            ?? request.Exporters.Select(e => Exporter(e.Type, e.Attrs)).FirstOrDefault(p => p is not null)
            ?? Exporter(request.ExporterDeprecated, request.ExporterAttrsDeprecated)
            ?? Cache(request.Cache);
        if (!request.FrontendAttrs.Remove(BuildCacheEntries.Off) && problem is null && policy.Cache is { } cache)
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
        var problem = Definitions([.. request.Definition is null ? [] : request.Definition.Def.Select(d => d.Span.ToArray()),
                .. request.FrontendInputs.Values.SelectMany(d => d.Def).Select(d => d.Span.ToArray())])
            ?? FrontendOptions(request.Frontend, request.FrontendOpt);
        if (problem is null && request.Frontend == Frontend && policy.Cache is { } cache)
        {
            BuildCacheEntries.AddImports(null, request.FrontendOpt, cache, image);
        }

        return problem;
    }

    private string? FrontendOptions(string frontend, MapField<string, string> options)
    {
        if (frontend.Length == 0)
        {
            return null;
        }

        if (frontend is not (Frontend or GatewayFrontend))
        {
            return $"The frontend {frontend} is not known.";
        }

        var builtin = policy.BuiltinFrontend || policy.Cache is not null;
        if (builtin && frontend == GatewayFrontend)
        {
            return "Only the builder's own Dockerfile frontend is allowed here, not an image as frontend ([builder] frontends).";
        }

        if (policy.CacheNamespace.Length > 0)
        {
            options[NamespaceArgument] = policy.CacheNamespace;
        }

        if (builtin)
        {
            // With it set the frontend takes a "# syntax=" line for followed already (frontend/dockerfile/builder/build.go).
            options["cmdline"] = Frontend;
        }

        if (options.TryGetValue("attest:provenance", out var provenance) && policy.BuilderId.Length > 0)
        {
            var fields = provenance.Length == 0 ? [] : CsvFields.Pairs(provenance).Where(f => f.Key != "builder-id").Select(f => KeyValuePair.Create(f.Key, f.Value ?? "true"));
            options["attest:provenance"] = CsvFields.Join([.. fields, KeyValuePair.Create("builder-id", policy.BuilderId)]);
        }

        return null;
    }

    private string? Exporter(string type, MapField<string, string> attributes)
    {
        if (type != "image")
        {
            return null;
        }

        if (!IsTrue(attributes, "push"))
        {
            // What nobody pushed must not stay in the builder under a name by which another project could use it.
            attributes["store"] = "false";
            return null;
        }

        var names = attributes.TryGetValue("name", out var list) ? list.Split(',', StringSplitOptions.RemoveEmptyEntries) : [];
        if (names.Length == 0 && policy.AllowedRepositories.Count > 0)
        {
            return "The image to push has no name.";
        }

        return names.Select(n => Push(n, attributes)).FirstOrDefault(p => p is not null);
    }

    private string? Cache(CacheOptions cache)
    {
        foreach (var (entry, writes) in cache.Exports.Select(e => (e, true)).Concat(cache.Imports.Select(e => (e, false))))
        {
            if (entry.Type == "registry" && entry.Attrs.TryGetValue("ref", out var name) && (writes ? Push(name, entry.Attrs) : Insecure(name, entry.Attrs)) is { } problem)
            {
                return problem;
            }

            // Without its own credential the builder would use the one that it was given, for a bucket of everybody.
            if (entry.Type == "s3" && !entry.Attrs.ContainsKey("access_key_id"))
            {
                return "A cache of type s3 needs access_key_id and secret_access_key of the job's own: the builder's own credential is not lent.";
            }
        }

        return null;
    }

    private string? Push(string name, MapField<string, string> attributes)
    {
        var image = Parse(name);
        if (image is null)
        {
            return $"\"{name}\" is not an image name that can be checked.";
        }

        if (policy.AllowedRepositories.Count > 0 && !policy.AllowedRepositories.Any(image.IsCoveredBy))
        {
            return $"Pushing to {image.Name} is not allowed from this runner. Allowed: {string.Join(", ", policy.AllowedRepositories)} ([builder] allowed_repositories).";
        }

        return Insecure(name, attributes);
    }

    private string? Insecure(string name, MapField<string, string> attributes)
    {
        if (Parse(name) is { } image && policy.InsecureRegistries.Contains(image.Registry))
        {
            attributes["registry.insecure"] = "true";
        }

        return null;
    }

    /// <summary>Raw LLB: its cache mounts must be in the job's namespace, since they cannot be moved there (digests depend on them).</summary>
    private string? Definitions(IEnumerable<byte[]> operations)
    {
        if (policy.CacheNamespace.Length == 0)
        {
            return null;
        }

        var foreign = operations.Select(Op.Parser.ParseFrom).SelectMany(o => o.Exec?.Mounts ?? []).Select(m => m.CacheOpt?.Id)
            .FirstOrDefault(id => id is not null && !id.StartsWith(policy.CacheNamespace + "/", StringComparison.Ordinal));
        return foreign is null ? null
            : $"The cache mount \"{foreign}\" of this definition is outside the project's namespace: on this builder its id must begin with \"{policy.CacheNamespace}/\".";
    }

    // "device=name" is entitled by "device".
    private bool IsEntitled(string entitlement) => policy.Entitlements.Contains(entitlement) || policy.Entitlements.Contains(entitlement.Split('=')[0]);

    private static bool IsTrue(MapField<string, string> attributes, string name) => attributes.TryGetValue(name, out var value) && value is "true" or "1" or "t" or "TRUE" or "True" or "T";

    private static ImageReference? Parse(string name)
    {
        try
        {
            return ImageReference.Parse(name);
        }
        catch (Images.ImageException)
        {
            return null;
        }
    }
}
