using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace PodExecutor.Agent.Builders.Choosing;

/// <summary>
/// Orders builders for a build by rendezvous hashing: every pod computes the same order without asking anybody, equal builds start at the same builder, and
/// a builder that comes or goes moves only its own share.
/// </summary>
internal static class Rendezvous
{
    public static IReadOnlyList<T> Order<T>(string affinity, IEnumerable<T> builders, Func<T, string> name) =>
        [.. builders.OrderByDescending(b => Score(affinity, name(b))).ThenBy(name, StringComparer.Ordinal)];

    private static ulong Score(string affinity, string name) =>
        BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{name}\n{affinity}")));
}
