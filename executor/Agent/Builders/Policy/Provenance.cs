using Google.Protobuf.Collections;
using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Agent.Builders.Policy;

/// <summary>
/// Provenance is made in the job's name. BuildKit takes its parameters under several names (frontend/attestations: two prefixes, the rest in any case; one of them wins by
/// chance), and whether or not the request names a frontend: they become one option here, with the builder-id of the job's page.
/// </summary>
internal static class Provenance
{
    private const string Option = "attest:provenance";
    private const string BuilderId = "builder-id";
    private static readonly string[] Prefixes = ["attest:", "build-arg:BUILDKIT_ATTEST_"];

    /// <returns>Why the build is refused, or null.</returns>
    public static string? Apply(MapField<string, string> options, string builderId)
    {
        // The usual name last: what it says goes before.
        var keys = options.Keys.Where(IsProvenance).OrderBy(k => k == Option).ThenBy(k => k, StringComparer.Ordinal).ToList();
        if (builderId.Length == 0 || keys.Count == 0)
        {
            return null;
        }

        var (wanted, fields) = (false, new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var key in keys)
        {
            if (Fields(options[key]) is not { } given)
            {
                return $"{key} is not a list of parameters that can be checked: \"{options[key]}\".";
            }

            options.Remove(key);
            if (IsOff(given))
            {
                continue;
            }

            wanted = true;
            foreach (var (name, value) in given.Where(f => f.Key is not ("" or "disabled" or BuilderId)))
            {
                fields[name] = value ?? "true";
            }
        }

        if (wanted)
        {
            options[Option] = CsvFields.Join(fields.Append(KeyValuePair.Create(BuilderId, builderId)));
        }

        return null;
    }

    private static bool IsProvenance(string key) => Prefixes.Any(p => key.StartsWith(p, StringComparison.Ordinal) && key[p.Length..].Equals("provenance", StringComparison.OrdinalIgnoreCase));

    /// <returns>null: the builder could read it otherwise than we do. It takes the first line only.</returns>
    private static IReadOnlyList<KeyValuePair<string, string?>>? Fields(string text)
    {
        try
        {
            return text.AsSpan().ContainsAny('\r', '\n') ? null : text.Length == 0 ? [] : CsvFields.Pairs(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>buildx keeps these to itself; to BuildKit they would be parameters without a meaning.</summary>
    private static bool IsOff(IReadOnlyList<KeyValuePair<string, string?>> fields) =>
        fields is [{ Key: "false" or "0", Value: null }] || fields.Any(f => f is { Key: "disabled", Value: null or "" or "true" or "1" });
}
