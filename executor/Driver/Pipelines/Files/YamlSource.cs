using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>One YAML text as a tree with places; aliases and "&lt;&lt;" are resolved, "!reference" is left for later.</summary>
internal sealed class YamlSource(string file, ProblemList problems)
{
    // Deeper than any pipeline; an anchor that contains itself ends here.
    private const int MaxDepth = 64;

    /// <returns>Null if the text is not YAML or not a mapping; the problem is noted.</returns>
    public YamlMap? Parse(string text)
    {
        var stream = new YamlStream();
        try
        {
            using var reader = new StringReader(text);
            stream.Load(reader);
        }
        catch (YamlException e)
        {
            problems.Error(new Place(file, e.Start.Line), $"this is not YAML: {e.Message}. Correct the indentation, quotes or brackets around this line");
            return null;
        }

        if (stream.Documents.Count > 1)
        {
            problems.Error(
                At(stream.Documents[1].RootNode),
                "a second document: spec:inputs are filled in by GitLab, which try cannot do. Remove the header and write the values in");
            return null;
        }

        if (stream.Documents.Count == 1 && Convert(stream.Documents[0].RootNode, 0) is YamlMap map)
        {
            return map;
        }

        problems.Error(new Place(file, 1), "a pipeline is a mapping of job names and keywords, for example \"build: {script: make}\"");
        return null;
    }

    private YamlValue Convert(YamlNode node, int depth)
    {
        if (depth > MaxDepth)
        {
            problems.Error(At(node), $"nested more than {MaxDepth} deep: does an anchor contain itself?");
            return new YamlScalar(At(node), "", true);
        }

        return node switch
        {
            YamlScalarNode scalar => new YamlScalar(At(node), scalar.Value ?? "", scalar.Style == ScalarStyle.Plain),
            YamlSequenceNode list when IsReference(list) => new YamlReference(At(node), [.. list.Select(i => (i as YamlScalarNode)?.Value ?? "")]),
            YamlSequenceNode list => new YamlList(At(node), [.. list.Select(i => Convert(i, depth + 1))]),
            YamlMappingNode map => ConvertMap(map, depth),
            _ => new YamlScalar(At(node), "", true),
        };
    }

    private YamlMap ConvertMap(YamlMappingNode node, int depth)
    {
        var own = new List<YamlEntry>();
        var below = new List<YamlMap>();
        foreach (var (keyNode, valueNode) in node)
        {
            var key = (keyNode as YamlScalarNode)?.Value ?? "";
            var value = Convert(valueNode, depth + 1);
            if (key != "<<")
            {
                own.Add(new YamlEntry(key, At(keyNode), value));
                continue;
            }

            var sources = value is YamlList list ? list.Items : [value];
            below.AddRange(sources.OfType<YamlMap>());
            foreach (var wrong in sources.Where(s => s is not YamlMap))
            {
                problems.Error(wrong.Place, $"\"<<\" merges mappings, this is {wrong.Kind}");
            }
        }

        // YAML's merge is shallow, and the first of several sources wins.
        var entries = below.SelectMany(m => m.Entries).DistinctBy(e => e.Key).Where(e => own.TrueForAll(o => o.Key != e.Key)).Concat(own);
        return new YamlMap(At(node), [.. entries]);
    }

    private static bool IsReference(YamlSequenceNode node) => !node.Tag.IsEmpty && node.Tag.Value == "!reference";

    private Place At(YamlNode node) => new(file, node.Start.Line);
}
