namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>
/// Reads a .gitlab-ci.yml into a <see cref="PipelineRequest"/>. Does not know GitLab's whole language: what it does not know it
/// names with file and line (<see cref="KnownKeys"/>), as an error where the result would differ. It evaluates no rule.
/// </summary>
internal static class PipelineFile
{
    private static readonly string[] DefaultStages = ["build", "test", "deploy"];

    /// <param name="jobs">Only these are wanted: errors in others do not count. Empty: all.</param>
    /// <exception cref="PipelineFileException">Something in the file would make a job do something else than in GitLab.</exception>
    public static PipelineRequest Load(string path, string projectDirectory, IReadOnlyCollection<string> jobs)
    {
        var problems = new ProblemList();
        var shownAs = path;
        if (!File.Exists(path))
        {
            problems.Error(new Place(path, 0), "there is no such file. Name the pipeline's file, for example .gitlab-ci.yml");
            throw new PipelineFileException(problems.All);
        }

        var map = new Composition(projectDirectory, problems).Load(path, shownAs);
        var request = map is null ? new PipelineRequest([], [], problems.All) : Read(map, problems);
        foreach (var name in jobs.Where(j => map is not null && request.Jobs.All(r => r.Name != j)))
        {
            problems.Error(new Place(path, 0), $"there is no job \"{name}\". There are: {string.Join(", ", request.Jobs.Select(j => j.Name))}");
        }

        bool Wanted(PipelineProblem problem) => problem.Job is null || jobs.Count == 0 || jobs.Contains(problem.Job);
        if (problems.All.Any(p => p.IsError && Wanted(p)))
        {
            throw new PipelineFileException([.. problems.All.Where(p => p.IsError && Wanted(p))]);
        }

        return request with { Problems = [.. problems.All.Where(p => !p.IsError && Wanted(p))] };
    }

    private static PipelineRequest Read(YamlMap map, ProblemList problems)
    {
        var values = new ValueReader(problems);
        IReadOnlyList<string> stages = [".pre", .. values.Texts(map.Find("stages")) ?? DefaultStages, ".post"];
        stages = [.. stages.Distinct(StringComparer.Ordinal)];
        var reader = new JobReader(values, Defaults(map, problems), map.Find("variables"), stages);
        var jobs = new List<PipelineJob>();
        foreach (var entry in map.Entries)
        {
            if (entry.Key is "stages" or "variables" or "default" || entry.Key.StartsWith('.') || KnownKeys.OfDefault.Contains(entry.Key))
            {
                continue;
            }

            if (entry.Key == "workflow")
            {
                ReportWorkflow(entry, problems);
            }
            else if (entry.Key is "types" or "spec" || entry.Value is not YamlMap own)
            {
                KnownKeys.Report(entry, "", problems);
            }
            else
            {
                problems.Job = entry.Key;
                jobs.Add(reader.Read(entry, own));
                problems.Job = null;
            }
        }

        CheckNames(jobs, stages, problems);
        return new PipelineRequest(stages, jobs, []);
    }

    /// <summary>Keys at the top of the file are the old way to write default.</summary>
    private static YamlMap Defaults(YamlMap map, ProblemList problems)
    {
        var old = new YamlMap(map.Place, [.. map.Entries.Where(e => KnownKeys.OfDefault.Contains(e.Key))]);
        if (map.Find("default") is not { Value: YamlMap own })
        {
            return old;
        }

        foreach (var entry in own.Entries.Where(e => !KnownKeys.OfDefault.Contains(e.Key)))
        {
            KnownKeys.Report(entry, "default: ", problems);
        }

        return new YamlMap(own.Place, [.. old.Entries.Where(e => own.Find(e.Key) is null), .. own.Entries.Where(e => KnownKeys.OfDefault.Contains(e.Key))]);
    }

    private static void ReportWorkflow(YamlEntry workflow, ProblemList problems)
    {
        foreach (var entry in (workflow.Value as YamlMap)?.Entries ?? [])
        {
            var setsVariables = entry.Key == "rules" && entry.Value is YamlList rules && rules.Items.OfType<YamlMap>().Any(r => r.Find("variables") is not null);
            if (setsVariables)
            {
                problems.Error(entry.Place, "workflow: rules: variables is not supported. Give the variables with --variable");
            }
            else if (entry.Key is "name" or "rules" or "auto_cancel")
            {
                problems.Ignored(entry.Place, $"workflow: {entry.Key}: try always starts the pipeline");
            }
            else
            {
                problems.Error(entry.Place, $"workflow: {entry.Key} is not a keyword that try knows. Known: name, rules, auto_cancel");
            }
        }
    }

    private static void CheckNames(List<PipelineJob> jobs, IReadOnlyList<string> stages, ProblemList problems)
    {
        int Order(PipelineJob job) => stages.ToList().IndexOf(job.Stage);
        foreach (var job in jobs)
        {
            problems.Job = job.Name;
            foreach (var need in job.Needs ?? [])
            {
                var needed = jobs.Find(j => j.Name == need.Job);
                if (needed is null && !need.Optional)
                {
                    problems.Error(need.Place, $"needs: there is no job \"{need.Job}\" in this pipeline");
                }
                else if (needed is not null && (Order(needed) > Order(job) || IsNeededBy(jobs, needed, job.Name, 0)))
                {
                    problems.Error(need.Place, $"needs: \"{need.Job}\" comes after \"{job.Name}\" or needs it itself");
                }
            }

            foreach (var name in (job.Dependencies ?? []).Where(d => jobs.TrueForAll(j => j.Name != d)))
            {
                problems.Error(job.Place, $"dependencies: there is no job \"{name}\" in this pipeline");
            }

            problems.Job = null;
        }
    }

    private static bool IsNeededBy(List<PipelineJob> jobs, PipelineJob job, string name, int depth) =>
        job.Name == name
        || (depth < jobs.Count && (job.Needs ?? []).Any(n => jobs.Find(j => j.Name == n.Job) is { } needed && IsNeededBy(jobs, needed, name, depth + 1)));
}
