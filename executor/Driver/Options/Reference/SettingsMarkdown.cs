using System.Text;

namespace PodExecutor.Driver.Options;

/// <summary>docs/settings.md: the reference, written from the declarations.</summary>
internal static class SettingsMarkdown
{
    private const string Head = """
        # Settings

        <!-- Written by `pod-executor settings-reference docs` from executor/Driver/Options/Tables. Do not edit. -->

        One TOML file, named by `--config` (default `/etc/pod-executor/config.toml`). The file is read strictly: an unknown key, a wrong type or a
        value out of range is an error that names file, line, key and remedy, and all errors are told at once. It is read anew by each call;
        nothing has to be restarted. A file with every key: [`deploy/config.example.toml`](../deploy/config.example.toml); a JSON schema:
        [`settings.schema.json`](settings.schema.json).

        Durations are seconds (`180`) or Go's form (`"3m"`, `"1h30m"`). Quantities are Kubernetes' (`"500m"`, `"1Gi"`). Regular expressions match
        anywhere unless they have `^` and `$`.

        **Weight**: P0 is in use wherever there is a Kubernetes runner, P1 is what such users ask for next, P2 is for larger or regulated
        clusters, P3 is rare; *own* has no counterpart in gitlab-runner. **Job**: the variable (of the job, the project or the group) or keyword by
        which a job asks for another value. It counts for nothing while its `…_overwrite_allowed` or `…_overwrite_max_allowed` is empty; what breaks
        the rule fails the job. These variables are read from the job file that GitLab vouches for, never from the environment.

        """;

    public static string Write(TableDescription root)
    {
        var text = new StringBuilder(Head.ReplaceLineEndings("\n"));
        foreach (var table in root.Tables)
        {
            Table(table, "", text);
        }

        Others(text);
        return text.ToString();
    }

    private static void Table(TableDescription table, string prefix, StringBuilder text)
    {
        var name = prefix + table.Name;
        text.Append($"\n## {Title(table, name)}\n\n{table.Meaning}\n");
        foreach (var section in table.Keys.GroupBy(k => k.Section).Where(s => s.Key.Length > 0 || s.Any()))
        {
            text.Append(section.Key.Length > 0 ? $"\n### {section.Key}\n\n" : "\n");
            Keys(section.Select(k => (k.Name, k)), text);
            Inner(table.Tables.Where(t => t.Section == section.Key), name, text);
        }

        Inner(table.Tables.Where(t => table.Keys.TrueForAll(k => k.Section != t.Section)), name, text);
    }

    private static void Inner(IEnumerable<TableDescription> tables, string name, StringBuilder text)
    {
        foreach (var table in tables)
        {
            var full = $"{name}.{table.Name}";
            text.Append($"\n**`{Title(table, full)}`** {table.Meaning}\n");
            if (table.Keys.Count + table.Tables.Count(t => t.Shape == TableShape.One) > 0)
            {
                text.Append('\n');
                Keys(Flat(table, ""), text);
            }

            Inner(table.Tables.Where(t => t.Shape != TableShape.One), full, text);
        }
    }

    /// <summary>The keys of a table and of the single tables in it: "seccomp_profile.type".</summary>
    private static IEnumerable<(string Name, KeyDescription Key)> Flat(TableDescription table, string prefix) =>
        table.Keys.Select(k => (prefix + k.Name, k))
            .Concat(table.Tables.Where(t => t.Shape == TableShape.One).SelectMany(t => Flat(t, $"{prefix}{t.Name}.")));

    private static void Keys(IEnumerable<(string Name, KeyDescription Key)> keys, StringBuilder text)
    {
        text.Append("| key | type | default | meaning | job | weight |\n|---|---|---|---|---|---|\n");
        foreach (var (name, key) in keys)
        {
            text.Append($"| `{name}` | {Type(key.Shape)} | {Default(key.Shape)} | {Cell(key.Meaning)} | {Job(key.Job)} | {Weight(key.Mark)} |\n");
        }
    }

    private static void Others(StringBuilder text)
    {
        text.Append("\n## Keys of `[runners.kubernetes]` that are not here\n\n| key | | why |\n|---|---|---|\n");
        foreach (var key in OtherKeys.All)
        {
            text.Append($"| `{key.Name}` | {(key.IsNeeded ? "not supported" : "not needed")} | {Cell($"{key.Why} {key.Instead}".Trim())} |\n");
        }
    }

    private static string Title(TableDescription table, string name) => table.Shape switch
    {
        TableShape.List => $"[[{name}]]",
        TableShape.Named => $"[{name}.NAME]",
        _ => $"[{name}]",
    };

    private static string Type(KeyShape shape) => shape.Type switch
    {
        KeyType.Word or KeyType.Words => string.Join(", ", shape.Words.Select(w => $"`{w}`")) + (shape.Type == KeyType.Words ? ": one or a list" : ""),
        KeyType.Texts => "texts",
        KeyType.Numbers => "numbers",
        KeyType.Map => "table of texts",
        KeyType.ApiObject => "table or YAML",
        _ => shape.Type.ToString().ToLowerInvariant(),
    };

    private static string Default(KeyShape shape) => shape.IsRequired ? "required" : shape.Default is { } text ? $"`{text}`" : "";

    private static string Job(string? job) => job is null ? "" : job.StartsWith('`') ? job : $"`{job}`";

    private static string Weight(KeyMark mark) => mark == KeyMark.Own ? "*own*" : mark.ToString();

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
