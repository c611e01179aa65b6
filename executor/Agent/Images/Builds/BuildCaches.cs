using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>The caches of a build, decided: what buildx adds to those of the command line.</summary>
internal static class BuildCaches
{
    private const string InlineArgument = "BUILDKIT_INLINE_CACHE";

    private static readonly (string Attribute, string Variable)[] KeysOfS3 =
        [("access_key_id", "AWS_ACCESS_KEY_ID"), ("secret_access_key", "AWS_SECRET_ACCESS_KEY"), ("session_token", "AWS_SESSION_TOKEN")];

    /// <param name="variable">The job's variables.</param>
    public static IReadOnlyList<TypedRequest> Imports(BuildRequest request, Func<string, string?> variable) => [.. request.CacheFrom.Select(c => WithKeys(c, variable))];

    /// <param name="variable">The job's variables.</param>
    public static IReadOnlyList<TypedRequest> Exports(BuildRequest request, Func<string, string?> variable)
    {
        List<TypedRequest> exports = [.. request.CacheTo.Select(c => WithKeys(c, variable))];

        // Here and not with the flags: an image that is made again for a push has it, too.
        if (GoBoolean.IsTrue(request.BuildArguments.LastOrDefault(a => a.Key == InlineArgument).Value) && !exports.Exists(c => c.Type == "inline"))
        {
            exports.Add(new TypedRequest("inline", new Dictionary<string, string>()));
        }

        return exports;
    }

    // The builder has not the job's environment. Here and not with the flags: what those read is kept in a recipe.
    private static TypedRequest WithKeys(TypedRequest cache, Func<string, string?> variable)
    {
        if (cache.Type != "s3" || cache.Attributes.ContainsKey("access_key_id") || cache.Attributes.ContainsKey("secret_access_key"))
        {
            return cache;
        }

        var attributes = cache.Attributes.ToDictionary(StringComparer.Ordinal);
        foreach (var (attribute, name) in KeysOfS3)
        {
            if (variable(name) is { Length: > 0 } value)
            {
                attributes.TryAdd(attribute, value);
            }
        }

        return cache with { Attributes = attributes };
    }
}
