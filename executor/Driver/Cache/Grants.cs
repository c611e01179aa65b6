using PodExecutor.Driver.Cache.Store;
using PodExecutor.Link.Cache;

namespace PodExecutor.Driver.Cache;

/// <summary>A signed request as the agent gets it.</summary>
internal static class Grants
{
    public static ObjectGrant Of(SignedRequest request, ulong size) => new()
    {
        Method = request.Method,
        Url = request.Url,
        Headers = { request.Headers.ToDictionary() },
        ExpiresUnixMs = request.Expires.ToUnixTimeMilliseconds(),
        Size = size,
    };
}
