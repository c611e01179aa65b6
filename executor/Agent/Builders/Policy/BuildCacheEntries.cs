using Google.Protobuf.Collections;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Policy;

/// <summary>
/// The build cache on S3 as BuildKit's cache entries (cache/remotecache/s3). They are added here, behind the script's back: it never sees the credential. A job that
/// names caches of its own gets those only.
/// </summary>
internal static class BuildCacheEntries
{
    /// <summary>image-build's own: a build that makes nothing new has no layers to keep. It is not passed on.</summary>
    public const string Off = "pod-executor:no-layer-cache";

    /// <param name="image">Of <see cref="BuildIdentity"/>.</param>
    public static void AddExport(CacheOptions options, BuildCache cache, string image)
    {
        if (cache.Name.Length > 0 && options.Exports.Count == 0)
        {
            var entry = Entry(cache, cache.Prefix, cache.Name + image);

            // Everything, not only the last stage's layers; and a store that is away costs a warning, not the build.
            entry.Attrs["mode"] = "max";
            entry.Attrs["ignore-error"] = "true";
            options.Exports.Add(entry);
        }
    }

    /// <param name="frontendOptions">The Dockerfile frontend reads its imports here and not from the request (client/solve.go sets both).</param>
    /// <param name="image">Of <see cref="BuildIdentity"/>.</param>
    public static void AddImports(CacheOptions? options, MapField<string, string>? frontendOptions, BuildCache cache, string image)
    {
        if (options is { Imports.Count: > 0 } || frontendOptions?.ContainsKey(CacheImportsOption.Name) == true)
        {
            return;
        }

        var entries = cache.Sources.Select(s => Entry(cache, s.Prefix, s.Name + image)).ToList();
        options?.Imports.Add(entries);
        if (frontendOptions is not null && entries.Count > 0)
        {
            frontendOptions[CacheImportsOption.Name] = CacheImportsOption.Write(entries);
        }
    }

    private static CacheOptionsEntry Entry(BuildCache cache, string prefix, string name)
    {
        var entry = new CacheOptionsEntry { Type = "s3" };
        (string Name, string Value)[] attributes =
        [
            ("bucket", cache.Bucket), ("region", cache.Region.Length > 0 ? cache.Region : "us-east-1"), ("endpoint_url", cache.Endpoint),
            ("use_path_style", cache.PathStyle ? "true" : ""), ("access_key_id", cache.AccessKey), ("secret_access_key", cache.SecretKey),
            ("session_token", cache.SessionToken), ("prefix", prefix), ("name", name),
        ];
        foreach (var (key, value) in attributes.Where(a => a.Value.Length > 0))
        {
            entry.Attrs[key] = value;
        }

        return entry;
    }
}
