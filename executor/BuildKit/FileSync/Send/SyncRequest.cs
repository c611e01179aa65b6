using System.Net;
using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using PodExecutor.BuildKit.FileSync.Filters;
using PodExecutor.BuildKit.Session;

namespace PodExecutor.BuildKit.FileSync.Send;

/// <summary>Which folder the daemon asks for, and what of it: the metadata of FileSync/DiffCopy.</summary>
internal sealed record SyncRequest(
    string Name,
    IReadOnlyList<string> IncludePatterns,
    IReadOnlyList<string> ExcludePatterns,
    IReadOnlyList<string> FollowPaths)
{
    public static SyncRequest Of(SessionCall call) => new(
        Values(call, "dir-name") is [var name, ..] ? name : "",
        Values(call, "include-patterns"),
        Values(call, "exclude-patterns"),
        Values(call, "followpaths"));

    /// <summary>The same for the same request; fit for a file's name.</summary>
    public string Identity => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\0', [Name, .. IncludePatterns, "\0exclude", .. ExcludePatterns, "\0follow", .. FollowPaths]))));

    /// <exception cref="SessionFault">A pattern has a syntax error.</exception>
    public PathFilter FilterFor(LocalDirectory directory)
    {
        try
        {
            var includes = Includes(directory.Path);
            IReadOnlyList<string> excludes = [.. ExcludePatterns, .. directory.ExcludePatterns];
            return new PathFilter(includes.Count == 0 ? null : new PatternList(includes), excludes.Count == 0 ? null : new PatternList(excludes));
        }
        catch (FormatException error)
        {
            throw new SessionFault(StatusCode.InvalidArgument, $"{error.Message}: is it in .dockerignore?");
        }
    }

    private IReadOnlyList<string> Includes(string root)
    {
        if (FollowPaths.Count == 0)
        {
            return IncludePatterns;
        }

        return Filters.FollowPaths.Resolve(root, FollowPaths) is { } targets
            ? Filters.FollowPaths.WithoutNested(IncludePatterns.Concat(targets).Order(StringComparer.Ordinal)) ?? []
            : IncludePatterns;
    }

    /// <summary>A key with a value outside ASCII has all its values in a URL's encoding, and says so.</summary>
    private static IReadOnlyList<string> Values(SessionCall call, string key)
    {
        var values = call.Metadata(key);
        return call.FirstMetadata(key + "-encoded") is "1" ? [.. values.Select(value => WebUtility.UrlDecode(value))] : values;
    }
}
