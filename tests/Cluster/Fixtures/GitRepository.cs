namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>Makes a folder a git repository, as a developer has one.</summary>
internal static class GitRepository
{
    public static async Task CreateAsync(string folder)
    {
        await GitAsync(folder, "init", "-q", "-b", "main");
        await CommitAsync(folder, "first");
    }

    /// <returns>The commit.</returns>
    public static async Task<string> CommitAsync(string folder, string message)
    {
        await GitAsync(folder, "add", "--all");
        await GitAsync(folder, "commit", "-q", "--allow-empty", "-m", message);
        return (await GitAsync(folder, "rev-parse", "HEAD")).Trim();
    }

    public static Task<string> GitAsync(string folder, params string[] arguments) =>
        Shell.RunAsync("git", ["-C", folder, "-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "protocol.file.allow=always", .. arguments]);
}
