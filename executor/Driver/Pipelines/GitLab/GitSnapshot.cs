namespace PodExecutor.Driver.Pipelines.GitLab;

/// <summary>What there is to build, as GitLab describes a commit.</summary>
internal sealed record CommitOutcome(string Ref, string Sha, string Author, string Message, string Timestamp, bool HasChanges);

/// <summary>
/// The working copy as one commit in a bare repository of its own: HEAD, plus what is changed or new and not ignored. The user's
/// repository is only read: new objects go into the snapshot, old ones come from it as alternates.
/// </summary>
internal sealed class GitSnapshot
{
    private GitSnapshot(string repository, CommitOutcome commit) => (Repository, Commit) = (repository, commit);

    /// <summary>The bare repository.</summary>
    public string Repository { get; }

    public CommitOutcome Commit { get; }

    /// <param name="branch">The name under which it is served; null: the one that is checked out.</param>
    public static async Task<GitSnapshot> CreateAsync(string project, string directory, string? branch, CancellationToken cancel)
    {
        var repository = Path.Combine(directory, "repository.git");
        await GitCommand.RunAsync(directory, Nothing, null, cancel, "init", "--bare", "--quiet", repository);
        var head = await LinkAsync(project, repository, cancel);
        var environment = new Dictionary<string, string>
        {
            ["GIT_DIR"] = repository,
            ["GIT_WORK_TREE"] = project,
            ["GIT_INDEX_FILE"] = Path.Combine(directory, "index"),
        };

        // Step 1: the commit that is checked out. Step 2: what the user sees on top of it.
        if (head is not null)
        {
            await GitCommand.RunAsync(project, environment, null, cancel, "read-tree", head);
        }

        // Nested repositories are submodules or nothing of ours; git's advice about them is no news to their owner.
        await GitCommand.RunAsync(project, environment, null, cancel, "-c", "advice.addEmbeddedRepo=false", "-c", "core.bare=false", "add", "--all");
        var tree = await GitCommand.RunAsync(project, environment, null, cancel, "write-tree");
        var hasChanges = head is null || tree != await GitCommand.RunAsync(project, environment, null, cancel, "rev-parse", head + "^{tree}");
        var sha = hasChanges ? await CommitAsync(project, environment, tree, head, cancel) : head!;
        var name = branch ?? await BranchAsync(project, cancel);
        await GitCommand.RunAsync(project, environment, null, cancel, "update-ref", "refs/heads/" + name, sha);
        await GitCommand.RunAsync(project, environment, null, cancel, "symbolic-ref", "HEAD", "refs/heads/" + name);
        return new GitSnapshot(repository, await DescribeAsync(project, environment, name, sha, hasChanges, cancel));
    }

    private static IReadOnlyDictionary<string, string> Nothing { get; } = new Dictionary<string, string>();

    /// <returns>The commit that is checked out; null if there is none.</returns>
    private static async Task<string?> LinkAsync(string project, string repository, CancellationToken cancel)
    {
        string common;
        string head;
        try
        {
            common = Path.GetFullPath(await GitCommand.RunAsync(project, Nothing, null, cancel, "rev-parse", "--git-common-dir"), project);
            head = await GitCommand.RunAsync(project, Nothing, null, cancel, "rev-parse", "--verify", "--quiet", "HEAD^{commit}");
        }
        catch (GitException) when (!cancel.IsCancellationRequested)
        {
            // No repository, or one without a commit: the directory's content is all there is.
            return null;
        }

        await File.WriteAllTextAsync(Path.Combine(repository, "objects/info/alternates"), Path.Combine(common, "objects") + "\n", cancel);
        if (File.Exists(Path.Combine(common, "shallow")))
        {
            File.Copy(Path.Combine(common, "shallow"), Path.Combine(repository, "shallow"));
        }

        var exclude = Path.Combine(common, "info/exclude");
        if (File.Exists(exclude))
        {
            File.Copy(exclude, Path.Combine(repository, "info/exclude"), overwrite: true);
        }

        var tags = await GitCommand.RunAsync(project, Nothing, null, cancel, "for-each-ref", "--format=create %(refname) %(objectname)", "refs/tags");
        if (tags.Length > 0)
        {
            await GitCommand.RunAsync(repository, Nothing, tags + "\n", cancel, "update-ref", "--stdin");
        }

        return head;
    }

    private static Task<string> CommitAsync(
        string project, IReadOnlyDictionary<string, string> environment, string tree, string? head, CancellationToken cancel)
    {
        var identity = new Dictionary<string, string>(environment)
        {
            ["GIT_AUTHOR_NAME"] = "pod-executor try",
            ["GIT_AUTHOR_EMAIL"] = "try@pod-executor.invalid",
            ["GIT_COMMITTER_NAME"] = "pod-executor try",
            ["GIT_COMMITTER_EMAIL"] = "try@pod-executor.invalid",
        };
        string[] parent = head is null ? [] : ["-p", head];
        return GitCommand.RunAsync(project, identity, "The working copy as it is\n", cancel, ["commit-tree", tree, .. parent]);
    }

    private static async Task<string> BranchAsync(string project, CancellationToken cancel)
    {
        try
        {
            var name = await GitCommand.RunAsync(project, Nothing, null, cancel, "symbolic-ref", "--quiet", "--short", "HEAD");
            return name.Length > 0 ? name : "main";
        }
        catch (GitException) when (!cancel.IsCancellationRequested)
        {
            return "main";
        }
    }

    private static async Task<CommitOutcome> DescribeAsync(
        string project, IReadOnlyDictionary<string, string> environment, string branch, string sha, bool hasChanges, CancellationToken cancel)
    {
        var text = await GitCommand.RunAsync(project, environment, null, cancel, "show", "--no-patch", "--format=%an <%ae>%n%cI%n%B", sha);
        var lines = text.Split('\n', 3);
        return new CommitOutcome(branch, sha, lines[0], lines.Length > 2 ? lines[2].TrimEnd() : "", lines[1], hasChanges);
    }
}
