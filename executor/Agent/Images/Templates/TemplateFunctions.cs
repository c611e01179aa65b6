using System.Text.Json;
using System.Text.Json.Nodes;

namespace PodExecutor.Agent.Images.Templates;

/// <summary>The functions of Go's templates (text/template/funcs.go) and docker's own (docker/cli templates.go) that scripts use.</summary>
internal static class TemplateFunctions
{
    public static readonly IReadOnlyList<string> Names =
    [
        "and", "eq", "ge", "gt", "index", "join", "json", "le", "len", "lower", "lt", "ne", "not", "or", "pad", "print", "printf", "println", "slice", "split", "title", "truncate", "upper",
    ];

    public static bool IsKnown(string name) => Names.Contains(name);

    /// <exception cref="ImageException">The arguments do not fit.</exception>
    public static JsonNode? Call(string name, IReadOnlyList<JsonNode?> arguments) => (name, arguments) switch
    {
        ("json", [var value]) => TemplateText.Json(value),
        ("split", [var text, var separator]) => new JsonArray([.. TemplateText.Of(text).Split(TemplateText.Of(separator)).Select(p => (JsonNode?)JsonValue.Create(p))]),
        ("join", [JsonArray list, var separator]) => string.Join(TemplateText.Of(separator), list.Select(TemplateText.Of)),
        ("lower", [var text]) => TemplateText.Of(text).ToLowerInvariant(),
        ("upper", [var text]) => TemplateText.Of(text).ToUpperInvariant(),
        ("title", [var text]) => string.Join(' ', TemplateText.Of(text).Split(' ').Select(w => w.Length > 0 ? char.ToUpperInvariant(w[0]) + w[1..] : w)),
        ("pad", [var text, var before, var after]) => TemplateText.Of(text) is { Length: > 0 } padded ? new string(' ', Whole(before)) + padded + new string(' ', Whole(after)) : "",
        ("truncate", [var text, var length]) => TemplateText.Of(text) is var all && Whole(length) is var most && all.Length > most ? all[..most] : all,
        ("print" or "println", _) => string.Join(' ', arguments.Select(TemplateText.Of)) + (name == "println" ? "\n" : ""),
        ("printf", [var format, ..]) => TemplatePrintf.Format(TemplateText.Of(format), [.. arguments.Skip(1)]),
        ("len", [var value]) => (long)Length(value),
        ("index", [var value, ..]) => arguments.Skip(1).Aggregate(value, Index),
        ("slice", [var value, var from, ..]) when arguments.Count <= 3 => Slice(value, Whole(from), arguments.Count == 3 ? Whole(arguments[2]) : Length(value)),
        ("not", [var value]) => !TemplateText.IsTrue(value),
        ("and", [_, ..]) => arguments.FirstOrDefault(a => !TemplateText.IsTrue(a), arguments[^1]),
        ("or", [_, ..]) => arguments.FirstOrDefault(TemplateText.IsTrue, arguments[^1]),
        ("eq", [var first, _, ..]) => arguments.Skip(1).Any(a => Compare(first, a) == 0),
        ("ne", [var first, var second]) => Compare(first, second) != 0,
        ("lt", [var first, var second]) => Compare(first, second) < 0,
        ("le", [var first, var second]) => Compare(first, second) <= 0,
        ("gt", [var first, var second]) => Compare(first, second) > 0,
        ("ge", [var first, var second]) => Compare(first, second) >= 0,
        _ => throw new ImageException($"--format: {name} does not take {(arguments.Count == 0 ? "nothing" : string.Join(", ", arguments.Select(TemplateText.Of)))}.", ImageExit.Usage),
    };

    private static int Compare(JsonNode? first, JsonNode? second) =>
        first?.GetValueKind() == JsonValueKind.Number && second?.GetValueKind() == JsonValueKind.Number
            ? TemplateText.Number(first).CompareTo(TemplateText.Number(second))
            : string.CompareOrdinal(TemplateText.Of(first), TemplateText.Of(second));

    private static JsonNode? Index(JsonNode? value, JsonNode? at)
    {
        switch (value)
        {
            case JsonArray list:
                var number = Whole(at);
                return number >= 0 && number < list.Count ? list[number] : throw OutOfRange(list, number);
            case JsonObject map:
                return map.TryGetPropertyValue(TemplateText.Of(at), out var found) ? found : throw TemplateField.Unknown(map, TemplateText.Of(at));
            default:
                throw new ImageException($"--format: index takes nothing out of {TemplateText.Of(value)}.");
        }
    }

    // Docker's own words first: scripts look for them.
    private static ImageException OutOfRange(JsonArray list, int at) => new(
        $"--format: error calling index: index out of range: {at}. "
        + (TemplateField.Place(list) == "RepoDigests" && list.Count == 0
            ? "The image has no digest in a registry, for this job has not pushed it yet: push it first."
            : $"The list has {list.Count} entries."));

    private static JsonNode? Slice(JsonNode? value, int from, int to)
    {
        if (from < 0 || to > Length(value) || from > to)
        {
            throw new ImageException($"--format: error calling slice: index out of range: {from}, {to}.");
        }

        if (value is JsonArray list)
        {
            return new JsonArray([.. list.Skip(from).Take(to - from).Select(n => n?.DeepClone())]);
        }

        return JsonValue.Create(TemplateText.Of(value)[from..to]);
    }

    private static int Length(JsonNode? value) => value switch
    {
        JsonArray list => list.Count,
        JsonObject map => map.Count,
        not null when value.GetValueKind() == JsonValueKind.String => System.Text.Encoding.UTF8.GetByteCount(value.GetValue<string>()),
        _ => throw new ImageException($"--format: {TemplateText.Of(value)} has no length."),
    };

    private static int Whole(JsonNode? value) => value?.GetValueKind() == JsonValueKind.Number && TemplateText.Number(value) is > int.MinValue and < int.MaxValue and var number
        ? (int)number : throw new ImageException($"--format: {TemplateText.Of(value)} is no number.", ImageExit.Usage);
}
