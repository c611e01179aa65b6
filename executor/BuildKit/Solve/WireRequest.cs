using System.Text.Json.Nodes;
using PodExecutor.BuildKit.Content;
using PodExecutor.BuildKit.Wire.Ops;
using PodExecutor.BuildKit.Wire.SourcePolicies;
using Api = PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.BuildKit.Solve;

/// <summary>A request as it goes over the wire, in the form that daemons of every age read.</summary>
internal static class WireRequest
{
    public static async Task<Api.SolveRequest> OfAsync(SolveRequest request, string sessionId, CancellationToken cancellation)
    {
        var wire = new Api.SolveRequest
        {
            Ref = request.Ref,
            Session = sessionId,
            Frontend = request.Definition.IsEmpty ? request.Frontend : "",
            Internal = request.Internal,
            // 0.13 and older fall over when it is missing
            Cache = new Api.CacheOptions(),
        };
        wire.FrontendAttrs.Add(request.FrontendOptions.ToDictionary());
        wire.Entitlements.AddRange(request.Entitlements);
        if (!request.Definition.IsEmpty)
        {
            wire.Definition = Definition.Parser.ParseFrom(request.Definition.Span);
        }

        foreach (var (name, definition) in request.FrontendInputs)
        {
            wire.FrontendInputs.Add(name, Definition.Parser.ParseFrom(definition.Span));
        }

        if (!request.SourcePolicy.IsEmpty)
        {
            wire.SourcePolicy = Policy.Parser.ParseFrom(request.SourcePolicy.Span);
        }

        AddExports(wire, request.Exports);
        await AddCachesAsync(wire, request, cancellation).ConfigureAwait(false);
        return wire;
    }

    private static void AddExports(Api.SolveRequest wire, IReadOnlyList<Export> exports)
    {
        foreach (var export in exports)
        {
            var exporter = new Api.Exporter { Type = export.Type };
            exporter.Attrs.Add(export.Attributes.ToDictionary());
            wire.Exporters.Add(exporter);
        }

        if (exports is [var first, ..])
        {
            wire.ExporterDeprecated = first.Type;
            wire.ExporterAttrsDeprecated.Add(first.Attributes.ToDictionary());
        }
    }

    private static async Task AddCachesAsync(Api.SolveRequest wire, SolveRequest request, CancellationToken cancellation)
    {
        wire.Cache.Exports.AddRange(request.CacheExports.Select(entry => EntryOf(LocalCache.ExportOf(entry))));
        foreach (var entry in request.CacheImports)
        {
            // an import from a folder without an index is one from an empty cache: the first build of a project
            if (await LocalCache.ImportOfAsync(entry, cancellation).ConfigureAwait(false) is { } import)
            {
                wire.Cache.Imports.Add(EntryOf(import));
            }
        }

        // A frontend looks into its own options for them, and only there.
        if (wire.Cache.Imports.Count > 0 && wire.Frontend.Length > 0)
        {
            var imports = new JsonArray();
            foreach (var import in wire.Cache.Imports)
            {
                var attributes = new JsonObject();
                foreach (var (name, value) in import.Attrs)
                {
                    attributes[name] = value;
                }

                imports.Add((JsonNode)new JsonObject { ["Type"] = import.Type, ["Attrs"] = attributes });
            }

            wire.FrontendAttrs["cache-imports"] = imports.ToJsonString();
        }
    }

    private static Api.CacheOptionsEntry EntryOf(CacheEntry entry)
    {
        var wire = new Api.CacheOptionsEntry { Type = entry.Type };
        wire.Attrs.Add(entry.Attributes.ToDictionary());
        return wire;
    }
}
