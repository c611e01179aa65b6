using System.Text.Json;
using System.Text.Json.Nodes;

namespace PodExecutor.BuildKit.Content;

/// <summary>The layouts of one build, by the ids that the daemon uses for them.</summary>
internal sealed class ContentStores
{
    private const string ExportId = "export";

    private readonly Dictionary<string, OciLayoutStore> _stores = [];

    private readonly SolveRequest _request;

    public ContentStores(SolveRequest request)
    {
        _request = request;
        foreach (var (name, folder) in request.OciLayouts)
        {
            _stores["oci:" + name] = new OciLayoutStore(folder, writable: false);
        }

        foreach (var folder in request.CacheImports.Where(LocalCache.IsLocal).Select(LocalCache.Source))
        {
            _stores[LocalCache.StoreId(folder)] = new OciLayoutStore(folder, writable: false);
        }

        foreach (var folder in request.CacheExports.Where(LocalCache.IsLocal).Select(LocalCache.Destination))
        {
            _stores[LocalCache.StoreId(folder)] = new OciLayoutStore(folder, writable: true);
        }

        if (LayoutExports(request) is [var export, ..])
        {
            _stores[ExportId] = new OciLayoutStore(export.Directory!, writable: true);
        }
    }

    public OciLayoutStore? Find(string id) => _stores.GetValueOrDefault(id);

    /// <summary>The daemon sends blobs; which of them is the image or the cache it says in its answer.</summary>
    public async Task CompleteAsync(IReadOnlyDictionary<string, string> response, CancellationToken cancellation)
    {
        try
        {
            if (response.TryGetValue("cache.manifest", out var cache))
            {
                foreach (var entry in _request.CacheExports.Where(LocalCache.IsLocal))
                {
                    await OciIndex.PutAsync(LocalCache.Destination(entry), Descriptor(cache), [(LocalCache.TagOf(entry), null)], cancellation).ConfigureAwait(false);
                }
            }

            if (LayoutExports(_request) is [var export, ..] && response.TryGetValue("containerimage.descriptor", out var image))
            {
                var descriptor = Descriptor(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(image)));
                await OciIndex.PutAsync(export.Directory!, descriptor, Names(response), cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LocalFileException("", $"The index of an OCI layout cannot be written: {error.Message}", error);
        }
        catch (Exception error) when (error is JsonException or FormatException)
        {
            throw new BuildKitException($"The daemon's answer to the build cannot be read: {error.Message}", error);
        }
    }

    private static Export[] LayoutExports(SolveRequest request) =>
        [.. request.Exports.Where(export => export.Type is "oci" or "docker" && export.Directory is not null)];

    private static JsonObject Descriptor(string json) => JsonNode.Parse(json) as JsonObject ?? throw new JsonException("a descriptor is no object");

    private static IEnumerable<(string Tag, string? Image)> Names(IReadOnlyDictionary<string, string> response)
    {
        if (!response.TryGetValue("image.name", out var names) || names.Length == 0)
        {
            return [(LocalCache.DefaultTag, null)];
        }

        return names.Split(',').Select(name => (TagIn(name), (string?)name));
    }

    private static string TagIn(string name)
    {
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[(colon + 1)..] : LocalCache.DefaultTag;
    }
}
