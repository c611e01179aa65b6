using System.Text.Json;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images.Shipped;

/// <summary>An index in the registry without a login: images by architecture, and what attests each.</summary>
internal sealed class BuiltIndex(string image)
{
    private readonly string _repository = image[..image.LastIndexOf(':')];

    private List<JsonElement> _manifests = [];

    public IReadOnlyDictionary<string, string> Digests => _manifests.Where(m => Architecture(m) != "unknown")
        .ToDictionary(Architecture, m => m.GetProperty("digest").GetString()!, StringComparer.Ordinal);

    public static async Task<BuiltIndex> ReadAsync(string image)
    {
        var index = new BuiltIndex(image);
        index._manifests = [.. (await RawAsync(image)).GetProperty("manifests").EnumerateArray()];
        return index;
    }

    /// <summary>One image of the index, by digest.</summary>
    public string Reference(string architecture) => $"{_repository}@{Digests[architecture]}";

    public Task<JsonElement> ManifestAsync(string architecture) => RawAsync(Reference(architecture));

    public async Task<JsonElement> ConfigAsync(string architecture) =>
        JsonDocument.Parse(await Skopeo.RunAsync("inspect", "--tls-verify=false", "--config", "docker://" + Reference(architecture))).RootElement.Clone();

    public async Task<long> LayerBytesAsync(string architecture) =>
        (await ManifestAsync(architecture)).GetProperty("layers").EnumerateArray().Sum(l => l.GetProperty("size").GetInt64());

    /// <summary>The in-toto statement about an image of the kind that begins so.</summary>
    public async Task<JsonElement> AttestedAsync(string architecture, string predicateType)
    {
        var about = _manifests.Single(m => m.TryGetProperty("annotations", out var a) && a.TryGetProperty("vnd.docker.reference.digest", out var of) && of.GetString() == Digests[architecture]);
        var manifest = await RawAsync($"{_repository}@{about.GetProperty("digest").GetString()}");
        var layer = manifest.GetProperty("layers").EnumerateArray()
            .Single(l => l.GetProperty("annotations").GetProperty("in-toto.io/predicate-type").GetString()!.StartsWith(predicateType, StringComparison.Ordinal));
        using var http = new HttpClient();
        var (registry, path) = (_repository[.._repository.IndexOf('/')], _repository[(_repository.IndexOf('/') + 1)..]);
        var blob = await http.GetStringAsync(new Uri($"http://{registry}/v2/{path}/blobs/{layer.GetProperty("digest").GetString()}"), TestContext.Current.CancellationToken);
        return JsonDocument.Parse(blob).RootElement.Clone();
    }

    private static string Architecture(JsonElement manifest) => manifest.GetProperty("platform").GetProperty("architecture").GetString()!;

    private static async Task<JsonElement> RawAsync(string image) =>
        JsonDocument.Parse(await Skopeo.RunAsync("inspect", "--tls-verify=false", "--raw", "docker://" + image)).RootElement.Clone();
}
