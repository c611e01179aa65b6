using PodExecutor.Agent.Images.CommandLine;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>--attest type=KIND,…, --provenance and --sbom as the frontend's "attest:KIND" parameters.</summary>
internal static class AttestationFlags
{
    /// <exception cref="ImageException">--attest without a type.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(ParsedFlags flags)
    {
        var kinds = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in flags.All("attest"))
        {
            var fields = flags.Fields("attest", text);
            var kind = fields.GetValueOrDefault("type")
                ?? throw new ImageException($"--attest {text}: type=… is missing (sbom or provenance).", ImageExit.Usage);
            Set(kinds, kind, GoBoolean.IsTrue(fields.GetValueOrDefault("disabled")) ? null
                : CsvFields.Join(fields.Where(f => f.Key is not ("type" or "disabled"))));
        }

        foreach (var kind in new[] { "provenance", "sbom" })
        {
            if (flags.Last(kind) is { } value)
            {
                // buildx: true, false, or parameters; "mode" alone may be given as "max".
                Set(kinds, kind, value switch
                {
                    "true" or "1" => "",
                    "false" or "0" => null,
                    "min" or "max" when kind == "provenance" => "mode=" + value,
                    _ => value,
                });
            }
        }

        return [.. kinds];
    }

    private static void Set(SortedDictionary<string, string> kinds, string kind, string? parameters)
    {
        if (parameters is null)
        {
            kinds.Remove(kind);
        }
        else
        {
            kinds[kind] = parameters;
        }
    }
}
