using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace PodExecutor.Driver.Cache.Store;

/// <summary>One answer of ListObjectsV2.</summary>
/// <param name="Next">Where the next page begins; null for the last one.</param>
internal sealed record ListPage(IReadOnlyList<StoredObject> Objects, string? Next)
{
    /// <exception cref="StoreException">It is no such answer.</exception>
    public static ListPage Parse(string xml)
    {
        try
        {
            var root = XDocument.Parse(xml).Root!;
            var objects = Children(root, "Contents").Select(c => new StoredObject(
                Text(c, "Key"),
                long.Parse(Text(c, "Size"), CultureInfo.InvariantCulture),
                DateTimeOffset.Parse(Text(c, "LastModified"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
                Text(c, "ETag").Trim('"')));
            return new ListPage([.. objects], Text(root, "IsTruncated") == "true" && Text(root, "NextContinuationToken") is { Length: > 0 } next ? next : null);
        }
        catch (Exception e) when (e is XmlException or FormatException or OverflowException)
        {
            throw new StoreException($"the cache's store answers a listing with what is none: {e.Message}", isTransient: false, inner: e);
        }
    }

    // Not every server has AWS's XML namespace.
    private static IEnumerable<XElement> Children(XElement element, string name) => element.Elements().Where(e => e.Name.LocalName == name);

    private static string Text(XElement element, string name) => Children(element, name).FirstOrDefault()?.Value ?? "";
}
