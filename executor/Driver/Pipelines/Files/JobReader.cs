using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>One job's mapping, with the file's defaults under it, as a <see cref="PipelineJob"/>.</summary>
internal sealed class JobReader(ValueReader values, YamlMap defaults, YamlEntry? variables, IReadOnlyList<string> stages)
{
    public PipelineJob Read(YamlEntry entry, YamlMap own)
    {
        foreach (var key in own.Entries.Where(e => !KnownKeys.OfJob.Contains(e.Key)))
        {
            KnownKeys.Report(key, "", values.Problems);
        }

        var map = Inherit(own);
        var (allow, exitCodes) = AllowFailure(map.Find("allow_failure"));
        var script = values.Texts(map.Find("script"));
        if (script is not { Count: > 0 })
        {
            values.Problems.Error(entry.Place, $"{entry.Key}: a job needs a script. Write script, or a dot before the name of a job that only others extend");
        }

        return new PipelineJob
        {
            Name = entry.Key,
            Place = entry.Place,
            Stage = Stage(map.Find("stage")),
            Image = ImageReader.Image(values, map.Find("image")),
            Services = ImageReader.Services(values, map.Find("services")),
            Variables = [.. InheritedVariables(own.Find("inherit")), .. VariableReader.Read(values, map.Find("variables"))],
            Script = [.. values.Texts(map.Find("before_script")) ?? [], .. script ?? []],
            AfterScript = values.Texts(map.Find("after_script")) ?? [],
            PreGetSources = Hooks(map.Find("hooks")),
            Needs = Needs(map.Find("needs")),
            Dependencies = values.Texts(map.Find("dependencies")),
            Artifacts = ArtifactReader.Read(values, map.Find("artifacts")),
            Cache = CacheReader.Read(values, map.Find("cache")),
            When = RuleReader.When(values, map.Find("when")) ?? JobWhen.OnSuccess,
            AllowFailure = allow,
            AllowedExitCodes = exitCodes,
            Timeout = values.Duration(map.Find("timeout")),
            Retry = Retry(map.Find("retry")),
            Rules = RuleReader.Rules(values, map.Find("rules")),
        };
    }

    /// <summary>A default is used where the job has no such key; the two are not merged.</summary>
    private YamlMap Inherit(YamlMap own)
    {
        var inherit = own.Find("inherit")?.Value as YamlMap;
        if (inherit is not null)
        {
            values.Only(inherit, "inherit", "default", "variables");
        }

        var wanted = Wanted(inherit?.Find("default"));
        return new YamlMap(own.Place, [.. defaults.Entries.Where(d => wanted(d.Key) && own.Find(d.Key) is null), .. own.Entries]);
    }

    private IReadOnlyList<JobVariable> InheritedVariables(YamlEntry? inherit)
    {
        var wanted = Wanted((inherit?.Value as YamlMap)?.Find("variables"));
        return [.. VariableReader.Read(values, variables).Where(v => wanted(v.Key))];
    }

    private Func<string, bool> Wanted(YamlEntry? choice)
    {
        if (choice?.Value is YamlList)
        {
            var names = values.Texts(choice) ?? [];
            return names.Contains;
        }

        var all = values.Flag(choice) ?? true;
        return _ => all;
    }

    private string Stage(YamlEntry? entry)
    {
        var stage = values.Text(entry) ?? "test";
        if (entry is not null && !stages.Contains(stage))
        {
            values.Problems.Error(entry.Place, $"stage: \"{stage}\" is not one of stages: {string.Join(", ", stages)}. Add it there or choose one of them");
        }

        return stage;
    }

    private IReadOnlyList<string> Hooks(YamlEntry? entry)
    {
        if (entry?.Value is not YamlMap map)
        {
            return [];
        }

        values.Only(map, "hooks", "pre_get_sources_script");
        return values.Texts(map.Find("pre_get_sources_script")) ?? [];
    }

    private List<JobNeed>? Needs(YamlEntry? entry)
    {
        if (ValueReader.IsAbsent(entry))
        {
            return null;
        }

        var needs = new List<JobNeed>();
        foreach (var item in entry!.Value is YamlList list ? list.Items : [entry.Value])
        {
            switch (item)
            {
                case YamlScalar name:
                    needs.Add(new JobNeed(name.Text, true, false, item.Place));
                    break;
                case YamlMap map when map.Find("job") is { } job && map.Entries.All(e => e.Key is "job" or "artifacts" or "optional"):
                    needs.Add(new JobNeed(
                        values.Text(job) ?? "", values.Flag(map.Find("artifacts")) ?? true, values.Flag(map.Find("optional")) ?? false, item.Place));
                    break;
                case YamlMap map:
                    values.Problems.Error(item.Place, $"needs: {string.Join(", ", map.Entries.Select(e => e.Key))} is not supported: only jobs of this pipeline can be needed (job, artifacts, optional)");
                    break;
                default:
                    values.Problems.Error(item.Place, $"needs: this is {item.Kind}, it must be a job's name or a mapping with job");
                    break;
            }
        }

        return needs;
    }

    private (bool? Allow, IReadOnlyList<int>? ExitCodes) AllowFailure(YamlEntry? entry)
    {
        if (entry?.Value is not YamlMap map)
        {
            return (values.Flag(entry), null);
        }

        values.Only(map, "allow_failure", "exit_codes");
        return (true, Codes(map.Find("exit_codes")));
    }

    private RetryRequest Retry(YamlEntry? entry)
    {
        if (entry?.Value is not YamlMap map)
        {
            return new RetryRequest(values.Number(entry, 0, 2) ?? 0, [], []);
        }

        values.Only(map, "retry", "max", "when", "exit_codes");
        return new RetryRequest(
            values.Number(map.Find("max"), 0, 2) ?? 0,
            [.. (values.Texts(map.Find("when")) ?? []).Where(w => w != "always")],
            Codes(map.Find("exit_codes")));
    }

    private List<int> Codes(YamlEntry? entry)
    {
        var codes = new List<int>();
        foreach (var text in values.Texts(entry) ?? [])
        {
            if (int.TryParse(text, out var code))
            {
                codes.Add(code);
            }
            else
            {
                values.Problems.Error(entry!.Place, $"exit_codes: \"{text}\" must be a number");
            }
        }

        return codes;
    }
}
