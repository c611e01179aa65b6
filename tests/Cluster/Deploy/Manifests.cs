using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>Manifests to compare: each object as JSON with sorted keys, by kind/namespace/name. The hash at the end of a generated name is left out.</summary>
internal static partial class Manifests
{
    public static IReadOnlyDictionary<string, string> Read(string yaml)
    {
        using var reader = new StringReader(Hash().Replace(yaml, "$1-HASH"));
        var stream = new YamlStream();
        stream.Load(reader);
        return new SortedDictionary<string, string>(
            stream.Documents.Select(d => (YamlMappingNode)d.RootNode).ToDictionary(Key, o => JsonSerializer.Serialize(Plain(o))), StringComparer.Ordinal);
    }

    private static string Key(YamlMappingNode document)
    {
        var metadata = (YamlMappingNode)document["metadata"];
        var ns = metadata.Children.TryGetValue("namespace", out var given) ? given.ToString() : "";
        return $"{document["kind"]}/{ns}/{metadata["name"]}";
    }

    private static object? Plain(YamlNode node) => node switch
    {
        YamlMappingNode map => new SortedDictionary<string, object?>(map.Children.Where(c => !SaysNothing(c.Key, c.Value)).ToDictionary(c => c.Key.ToString(), c => Plain(c.Value)), StringComparer.Ordinal),
        YamlSequenceNode list => list.Select(Plain).ToList(),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "true" or "false" } flag => flag.Value == "true",
        _ => node.ToString(),
    };

    /// <summary>The old kustomize writes empty labels and annotations where there are none.</summary>
    private static bool SaysNothing(YamlNode key, YamlNode value) => key.ToString() is "labels" or "annotations" && value is YamlMappingNode { Children.Count: 0 };

    /// <summary>kustomize's: ten letters and digits.</summary>
    [GeneratedRegex(@"\b(gitlab-runner|buildkitd|minio-bucket)-[a-z0-9]{10}\b")]
    private static partial Regex Hash();
}
