using System.Globalization;
using System.Text.RegularExpressions;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines.Scripts;

/// <summary>get_sources, clear_worktree and cleanup_file_variables (shells/abstract.go writeGetSourcesScript, writeRefspecFetchCmd).</summary>
internal static class SourceScripts
{
    private static readonly string[] Locks = ["index.lock", "shallow.lock", "HEAD.lock", "hooks/post-checkout", "config.lock"];

    public static void Write(ScriptWriter writer, ScriptRequest request)
    {
        writer.Line("export GIT_TERMINAL_PROMPT=0");
        writer.Line("export GCM_INTERACTIVE=Never");
        writer.Line("export GIT_LFS_SKIP_SMUDGE=1");
        var build = request.Paths.BuildDir;
        var strategy = request.Variables.Get("GIT_STRATEGY") is { Length: > 0 } asked ? asked : request.Job.AllowGitFetch ? "fetch" : "clone";
        if (strategy is "fetch" or "clone")
        {
            foreach (var hook in request.Job.Hooks?.Where(h => h.Name == "pre_get_sources_script") ?? [])
            {
                JobScripts.WriteCommands(writer, hook.Script);
            }
        }

        switch (strategy)
        {
            case "fetch":
                WriteFetch(writer, request, fresh: false);
                break;
            case "clone":
                WriteFetch(writer, request, fresh: true);
                break;
            case "none":
                writer.Notice("Skipping Git repository setup");
                writer.Command("mkdir", "-p", build);
                writer.Notice("Skipping Git checkout");
                writer.Notice("Skipping Git submodules setup");
                break;
            case "empty":
                writer.Notice("Skipping Git repository setup and creating an empty build directory");
                writer.RemoveDirectory(build);
                writer.Command("mkdir", "-p", build);
                break;
            default:
                writer.Warning($"Unknown GIT_STRATEGY \"{strategy}\": it is one of fetch, clone, none, empty");
                writer.Line("exit 1");
                break;
        }
    }

    public static void WriteClear(ScriptWriter writer, ScriptRequest request)
    {
        writer.If($"[ -d {ShellQuote.DoubleQuote(request.Paths.BuildDir)} ]");
        writer.Notice("Deleting tracked and untracked files...");
        writer.Command("cd", request.Paths.BuildDir);
        writer.Line("git rm -rf --ignore-unmatch . >/dev/null 2>&1 || true");
        writer.Line("git clean -ffdx || true");
        writer.EndIf();
    }

    public static void WriteCleanup(ScriptWriter writer, ScriptRequest request)
    {
        WriteForgetCredentials(writer, request);
        foreach (var variable in request.Variables.All.Where(v => v.File))
        {
            writer.RemoveFile($"{request.Paths.TempDir}/{variable.Key}");
        }

        foreach (var name in new[] { "gitlab_runner_env", "masking.db", ".gitlab-runner.ext.conf", ".glr.gconf" })
        {
            writer.RemoveFile($"{request.Paths.TempDir}/{name}");
        }

        WriteCleanGit(writer, request);
    }

    private static void WriteFetch(ScriptWriter writer, ScriptRequest request, bool fresh)
    {
        var build = request.Paths.BuildDir;
        var depth = Depth(request);
        if (fresh)
        {
            writer.RemoveDirectory(build);
        }

        WriteCleanGit(writer, request);
        WriteGitConfiguration(writer, request);
        writer.Notice((fresh ? "Cloning repository" : "Fetching changes") + (depth > 0 ? $" with git depth set to {depth}..." : "..."));
        writer.Command("git", "init", build, "--template", request.Paths.TempDir + "/git-template");
        writer.Command("cd", build);
        var url = WithoutUser(request.Job.GitInfo.RepoUrl);
        writer.IfQuietly("git", "remote", "add", "origin", url);
        writer.Notice("Created fresh repository.");
        writer.Else();
        writer.Command("git", "remote", "set-url", "origin", url);
        writer.Line(@"git ""config"" ""--file"" "".git/config"" ""--replace-all"" ""include.path"" ""$GLR_EXT_GIT_CONFIG_PATH"" ""\.gitlab-runner\.ext\.conf$""");
        writer.EndIf();

        var agent = $"http.userAgent=gitlab-runner {RunnerVariables.Version} linux/amd64";
        string[] depthFlags = depth > 0 ? ["--depth", depth.ToString(CultureInfo.InvariantCulture)] : [];
        var fetchFlags = Words(request, "GIT_FETCH_EXTRA_FLAGS", "--prune --quiet");
        writer.Command("git", ["-c", agent, "fetch", "origin", "--no-recurse-submodules", .. request.Job.GitInfo.Refspecs, .. depthFlags, .. fetchFlags]);
        WriteCheckout(writer, request);
        WriteForgetCredentials(writer, request);
    }

    private static void WriteCheckout(ScriptWriter writer, ScriptRequest request)
    {
        var git = request.Job.GitInfo;
        if (request.Variables.Get("GIT_CHECKOUT") is "false" or "0")
        {
            writer.Notice("Skipping Git checkout");
        }
        else
        {
            writer.Notice($"Checking out {git.Sha[..Math.Min(8, git.Sha.Length)]} as detached HEAD (ref is {git.Ref})...");
            writer.Command("git", "-c", "submodule.recurse=false", "checkout", "-f", "-q", git.Sha);
            if (Words(request, "GIT_CLEAN_FLAGS", "-ffdx") is not ["none"] and var flags)
            {
                writer.Command("git", ["clean", .. flags]);
            }
        }

        writer.IfQuietly("git", "lfs", "version");
        writer.Command("git", "lfs", "pull");
        writer.Empty();
        writer.EndIf();
        WriteSubmodules(writer, request);
    }

    private static void WriteSubmodules(ScriptWriter writer, ScriptRequest request)
    {
        var strategy = request.Variables.Get("GIT_SUBMODULE_STRATEGY");
        if (strategy is not ("normal" or "recursive"))
        {
            writer.Notice("Skipping Git submodules setup");
            return;
        }

        string[] recursive = strategy == "recursive" ? ["--recursive"] : [];
        string[] depth = request.Variables.Get("GIT_SUBMODULE_DEPTH") is { Length: > 0 } text and not "0" ? ["--depth", text] : [];
        var paths = Words(request, "GIT_SUBMODULE_PATHS", "");
        string[] pathArguments = paths.Length > 0 ? ["--", .. paths] : [];
        writer.Notice(strategy == "recursive" ? "Updating/initializing submodules recursively..." : "Updating/initializing submodules...");
        writer.Command("git", "submodule", "init");
        writer.Command("git", ["submodule", "sync", .. recursive, .. pathArguments]);
        writer.Command("git", ["submodule", "update", "--init", .. recursive, .. depth, .. Words(request, "GIT_SUBMODULE_UPDATE_FLAGS", ""), .. pathArguments]);
        writer.Command("git", ["submodule", "foreach", .. recursive, "git clean " + string.Join(' ', Words(request, "GIT_CLEAN_FLAGS", "-ffdx"))]);
        writer.Command("git", ["submodule", "foreach", .. recursive, "git reset --hard"]);
    }

    /// <summary>The token goes into a file outside the repository, by insteadOf, so that .git/config never has it.</summary>
    private static void WriteGitConfiguration(ScriptWriter writer, ScriptRequest request)
    {
        var template = request.Paths.TempDir + "/git-template";
        var extra = request.Paths.TempDir + "/.gitlab-runner.ext.conf";
        writer.Command("mkdir", "-p", template);
        foreach (var (key, value) in new[]
            { ("init.defaultBranch", "none"), ("fetch.recurseSubmodules", "false"), ("credential.interactive", "never"), ("gc.autoDetach", "false") })
        {
            writer.Command("git", "config", "-f", template + "/config", key, value);
        }

        writer.RemoveFile(extra);
        var repository = request.Job.GitInfo.RepoUrl;
        foreach (var url in new[] { repository, Origin(repository) }.Distinct(StringComparer.Ordinal))
        {
            var bare = WithoutUser(url);
            writer.Command("git", "config", "--file", extra, "--replace-all", $"url.{url}.insteadOf", bare, $"^{Regex.Escape(bare)}$");
        }

        writer.Command("git", "config", "--file", template + "/config", "--replace-all", "include.path", extra, @"\.gitlab-runner\.ext\.conf$");
        writer.Line($"export GLR_EXT_GIT_CONFIG_PATH={ShellQuote.DoubleQuote(extra)}");
    }

    /// <summary>What a job before may have left: locks, hooks, configuration.</summary>
    private static void WriteCleanGit(ScriptWriter writer, ScriptRequest request)
    {
        var git = request.Paths.BuildDir + "/.git";
        foreach (var name in Locks)
        {
            writer.RemoveFile($"{git}/{name}");
        }

        var refs = ShellQuote.DoubleQuote(git + "/refs");
        writer.If($"[ -d {refs} ]");
        writer.Line("et='+' ; find /dev/null -exec true {} + 2>/dev/null || et=';' ; find " + refs + " -name \"*.lock\" -type f -exec rm -f {} \"${et}\"");
        writer.EndIf();
        foreach (var directory in new[] { request.Paths.TempDir + "/git-template", git })
        {
            writer.RemoveFile(directory + "/config");
            writer.RemoveDirectory(directory + "/hooks");
        }
    }

    private static void WriteForgetCredentials(ScriptWriter writer, ScriptRequest request) =>
        writer.Line($"echo {ShellQuote.Quote($"url={request.GitLabUrl}\nusername=gitlab-ci-token")} | git credential reject || true");

    private static int Depth(ScriptRequest request) =>
        int.TryParse(request.Variables.Get("GIT_DEPTH"), out var asked) ? asked : request.Job.GitInfo.Depth;

    private static string[] Words(ScriptRequest request, string variable, string otherwise) =>
        (request.Variables.Get(variable) is { Length: > 0 } text ? text : otherwise).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Origin(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0
        ? $"{uri.Scheme}://{uri.UserInfo}@{uri.Authority}"
        : url;

    private static string WithoutUser(string url)
    {
        var at = url.IndexOf('@', StringComparison.Ordinal);
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        return at > 0 && scheme > 0 && at > scheme ? url[..(scheme + 3)] + url[(at + 1)..] : url;
    }
}
