namespace PodExecutor.Driver.Pipelines.Scripts;

/// <summary>
/// The scripts that gitlab-runner 19.3 gives to run_exec, by stage (shells/abstract.go; recorded ones: facts/samples). Not
/// written: bundle URIs, correlation ids, uid fixing for other executors, feature flags that are off by default.
/// </summary>
internal static class JobScripts
{
    private const int MaxEcho = 1;

    /// <returns>Null where the runner does not send the stage: nothing is to be done there.</returns>
    public static string? Generate(string stage, ScriptRequest request) => stage switch
    {
        "prepare_script" => Prepare(request),
        "get_sources" => Body(request, writer => SourceScripts.Write(writer, request)),
        "clear_worktree" => Body(request, writer => SourceScripts.WriteClear(writer, request)),
        "restore_cache" when CacheScripts.Any(request) => Body(request, writer => CacheScripts.WriteRestore(writer, request)),
        "archive_cache" when CacheScripts.Any(request, "on_success") =>
            Body(request, writer => CacheScripts.WriteArchive(writer, request, "on_success")),
        "archive_cache_on_failure" when CacheScripts.Any(request, "on_failure") =>
            Body(request, writer => CacheScripts.WriteArchive(writer, request, "on_failure")),
        "download_artifacts" when ArtifactScripts.Dependencies(request).Count > 0 =>
            Body(request, writer => ArtifactScripts.WriteDownload(writer, request)),
        "upload_artifacts_on_success" when ArtifactScripts.Uploads(request, "on_success").Count > 0 =>
            Body(request, writer => ArtifactScripts.WriteUpload(writer, request, "on_success")),
        "upload_artifacts_on_failure" when ArtifactScripts.Uploads(request, "on_failure").Count > 0 =>
            Body(request, writer => ArtifactScripts.WriteUpload(writer, request, "on_failure")),
        "build_script" => Step(request, "script"),
        "after_script" => Step(request, "after_script"),
        "cleanup_file_variables" => Body(request, writer => SourceScripts.WriteCleanup(writer, request)),
        _ => stage.StartsWith("step_", StringComparison.Ordinal) ? Step(request, stage["step_".Length..]) : null,
    };

    private static string Prepare(ScriptRequest request)
    {
        var writer = new ScriptWriter();
        writer.Line(string.IsNullOrEmpty(request.Hostname)
            ? "echo \"Running on $(hostname)...\""
            : $"echo \"Running on $(hostname) via {request.Hostname}...\"");
        writer.RemoveFile(request.Paths.GitLabEnv);
        writer.RemoveFile(request.Paths.TempDir + "/masking.db");
        return writer.Finish(request.Shell, request.IsOn("CI_DEBUG_TRACE"));
    }

    private static string? Step(ScriptRequest request, string name)
    {
        var step = request.Job.Steps.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.OrdinalIgnoreCase));
        return step is not { Script.Count: > 0 } ? null : Body(request, writer =>
        {
            writer.Command("cd", request.Paths.BuildDir);
            WriteCommands(writer, step.Script);
        });
    }

    /// <summary>Each line is told, in green, before it runs; of a longer one only the beginning.</summary>
    internal static void WriteCommands(ScriptWriter writer, IReadOnlyList<string> commands)
    {
        foreach (var command in commands.Select(c => c.Trim()))
        {
            if (command.Length == 0)
            {
                writer.Empty();
                continue;
            }

            var lines = command.Split('\n');
            writer.Notice(lines.Length > MaxEcho ? $"$ {lines[0]} # collapsed multi-line command" : $"$ {command}");
            writer.Raw(command);
        }
    }

    private static string Body(ScriptRequest request, Action<ScriptWriter> write)
    {
        var writer = new ScriptWriter();
        WriteVariables(writer, request);
        write(writer);
        return writer.Finish(request.Shell, request.IsOn("CI_DEBUG_TRACE"));
    }

    private static void WriteVariables(ScriptWriter writer, ScriptRequest request)
    {
        foreach (var variable in request.Variables.All)
        {
            writer.Variable(variable, request.Variables.Value(variable), request.Paths.TempDir);
        }

        var env = request.Paths.GitLabEnv;
        writer.Line($"export GITLAB_ENV={ShellQuote.Quote(env)}");
        writer.Line($"mkdir -p {ShellQuote.DoubleQuote(request.Paths.TempDir)}");
        writer.Line($"touch {ShellQuote.DoubleQuote(env)}");
        writer.Line($"while read -r line; do export \"$line\"; done < {ShellQuote.DoubleQuote(env)}");
    }
}
