namespace PodExecutor.BuildKit;

/// <summary>A place where build cache is written to or read from.</summary>
/// <param name="Type">"registry", "local", "inline", "s3", "gha", "azblob".</param>
/// <param name="Attributes">
/// Such as <c>ref</c> and <c>mode</c>. For "local" the client itself reads <c>dest</c> and <c>src</c> (folders here) and <c>tag</c> (default "latest").
/// </param>
public sealed record CacheEntry(string Type, IReadOnlyDictionary<string, string> Attributes)
{
    /// <summary>Reads buildx's form: <c>type=registry,ref=…,mode=max</c>; without "=" it is a registry's reference.</summary>
    /// <exception cref="FormatException">The text has no type or a field without "=".</exception>
    public static CacheEntry Parse(string text)
    {
        if (!text.Contains('=', StringComparison.Ordinal))
        {
            return new CacheEntry("registry", new Dictionary<string, string> { ["ref"] = text });
        }

        var fields = CsvFields.ParseAttributes(text);
        return fields.Remove("type", out var type) && type.Length > 0
            ? new CacheEntry(type, fields)
            : throw new FormatException($"The cache \"{text}\" has no type: write type=registry,ref=NAME or type=local,dest=FOLDER.");
    }
}
