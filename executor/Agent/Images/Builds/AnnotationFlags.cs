namespace PodExecutor.Agent.Images.Builds;

/// <summary>--annotation <c>[LEVEL[,LEVEL…][PLATFORM]:]KEY=VALUE</c>, as buildx reads it: "index:k=v", "manifest[linux/amd64],index:k=v".</summary>
internal static class AnnotationFlags
{
    private static readonly string[] Levels = ["manifest", "index", "manifest-descriptor", "index-descriptor"];

    /// <exception cref="ImageException">No '=', or an unknown level.</exception>
    public static IEnumerable<AnnotationRequest> Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw Wrong(text, "KEY=VALUE is expected");
        }

        var (left, value) = (text[..equals], text[(equals + 1)..]);
        var colon = left.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return [new AnnotationRequest("manifest", null, left, value)];
        }

        return [.. left[..colon].Split(',').Select(level => Level(text, level, left[(colon + 1)..], value))];
    }

    /// <summary>The exporter's attribute (exporter/containerimage/exptypes/annotations.go).</summary>
    public static string Attribute(AnnotationRequest annotation) => annotation.Platform is { } platform
        ? $"annotation-{annotation.Level}[{platform}].{annotation.Key}"
        : $"annotation-{annotation.Level}.{annotation.Key}";

    private static AnnotationRequest Level(string text, string level, string key, string value)
    {
        var bracket = level.IndexOf('[', StringComparison.Ordinal);
        var name = bracket < 0 ? level : level[..bracket];
        var platform = bracket < 0 ? null : Platforms.Normalize(level[(bracket + 1)..].TrimEnd(']'));
        return Levels.Contains(name) ? new AnnotationRequest(name, platform, key, value) : throw Wrong(text, $"\"{name}\" is none of {string.Join(", ", Levels)}");
    }

    private static ImageException Wrong(string text, string why) => new($"--annotation {text}: {why}. Write --annotation [LEVEL:]KEY=VALUE.", ImageExit.Usage);
}
