using System.Globalization;
using System.Text.RegularExpressions;
using PodExecutor.Cache;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cache;

/// <summary>
/// What objects are called. A project's part is the runner's own, <c>[path/][runner/TOKEN/]project/ID/</c>: nothing outside it is ever
/// read or written for a job. Below it ours are in <c>pod-executor/PROTECTION/</c>, packs too: content that an unprotected job has
/// written is never taken for a protected one's.
/// </summary>
internal sealed partial record CacheNames(string Project)
{
    public const string Folder = "pod-executor/";
    public const string Manifests = "manifests/";
    public const string Packs = "packs/";
    public const string Uses = "used/";

    /// <summary>BuildKit's own objects: layers and what they were made of.</summary>
    public const string Builds = "build/";

    /// <param name="shortToken">The runner's; not used for shared caches.</param>
    public static CacheNames Of(CacheOptions options, string shortToken, long projectId) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{Root(options)}{(options.Shared ? "" : $"runner/{shortToken}/")}project/{projectId}/"));

    /// <summary>Whether a runner's part has a name: a pipeline that sets CI_RUNNER_SHORT_TOKEN itself would choose another's.</summary>
    public static bool CanName(CacheOptions options, string? shortToken) => options.Shared || ShortToken().IsMatch(shortToken ?? "");

    /// <summary>Everything of the executor and of its runners.</summary>
    public static string Root(CacheOptions options) => options.Path.Length > 0 ? options.Path + "/" : "";

    /// <summary>Where jobs of one protection class keep what they have in common.</summary>
    public string Space(Protection protection) => Project + Folder + protection switch
    {
        Protection.Protected => "protected/",
        Protection.NonProtected => "non_protected/",
        _ => "open/",
    };

    public string Manifest(CacheKey key) => Space(key.Protection) + Manifests + key.Id;

    /// <summary>An empty object whose age tells when the key was last restored.</summary>
    public string Use(CacheKey key) => Space(key.Protection) + Uses + key.Id;

    /// <exception cref="ArgumentException">Not a SHA-256.</exception>
    public string Pack(Protection protection, ReadOnlySpan<byte> sha256) => Space(protection) + PackObject.Name(sha256);

    /// <summary>The runner's own archives of this key. A key that leads into our folder has none: packs are no archives.</summary>
    public IEnumerable<string> Archives(CacheKey key) =>
        key.RunnerNames.Where(n => !n.StartsWith(Folder, StringComparison.Ordinal)).Select(n => Project + n);

    [GeneratedRegex("^[A-Za-z0-9_-]{1,32}$")]
    private static partial Regex ShortToken();
}
