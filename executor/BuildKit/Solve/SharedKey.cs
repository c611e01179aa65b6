using System.Security.Cryptography;
using System.Text;

namespace PodExecutor.BuildKit.Solve;

/// <summary>By what the daemon finds the files of an earlier transfer, so that only changed ones are sent.</summary>
internal static class SharedKey
{
    /// <summary>
    /// The request's own, or one of this machine and the folders' places: two checkouts with the same key would have their files taken for each other's
    /// wherever size and time agree.
    /// </summary>
    public static string Of(SolveRequest request)
    {
        if (request.SharedKey is not null)
        {
            return request.SharedKey;
        }

        var text = new StringBuilder(Environment.MachineName);
        foreach (var (name, directory) in request.LocalDirectories.OrderBy(directory => directory.Key, StringComparer.Ordinal))
        {
            text.Append('\0').Append(name).Append('\0').Append(Path.GetFullPath(directory.Path));
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
