using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.GitLab;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Cluster;

/// <summary>A small project that jobs clone from a git server on this machine, and to which they upload artifacts.</summary>
internal sealed class BenchProject : IAsyncDisposable
{
    private const int Files = 20;

    private readonly DirectoryInfo _directory;
    private readonly GitLabDouble _gitlab;

    private BenchProject(DirectoryInfo directory, GitLabDouble gitlab) => (_directory, _gitlab) = (directory, gitlab);

    public static async Task<BenchProject> OpenAsync(CancellationToken stop)
    {
        var directory = Directory.CreateTempSubdirectory("bench-project-");
        try
        {
            for (var i = 0; i < Files; i++)
            {
                await File.WriteAllTextAsync(Path.Combine(directory.FullName, $"file-{i}.txt"), new string((char)('a' + i), 4096), stop);
            }

            var options = new GitLabOptions(BenchSettings.NodeAddress, "bench/bench");
            return new BenchProject(directory, await GitLabDouble.StartAsync(options, directory.FullName, null, stop));
        }
        catch
        {
            directory.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>The job with a clone of the project.</summary>
    public JobPayload WithClone(JobPayload job)
    {
        var token = _gitlab.Tokens.Issue();
        var commit = _gitlab.Snapshot.Commit;
        return job with
        {
            Token = token,
            GitInfo = new PayloadGitInfo
            {
                RepoUrl = _gitlab.RepositoryUrl(token),
                Ref = commit.Ref,
                Sha = commit.Sha,
                Refspecs = [$"+refs/heads/{commit.Ref}:refs/remotes/origin/{commit.Ref}"],
            },
            Variables = [Variable("GIT_STRATEGY", "clone"), Variable("CI_SERVER_URL", _gitlab.Url.ToString().TrimEnd('/'))],
        };
    }

    /// <summary>The job with a clone, a cache of 1 MB and an artifact.</summary>
    public JobPayload Full(JobPayload job) => WithClone(job) with
    {
        Steps =
        [
            new PayloadStep { Name = "script", Script = ["mkdir -p target", "head -c 1000000 /dev/urandom > target/data", "echo result > result.txt"] },
        ],
        Cache = [new PayloadCache { Key = "bench", Paths = ["target/"] }],
        Artifacts = [new PayloadArtifact { Paths = ["result.txt"] }],
    };

    public async ValueTask DisposeAsync()
    {
        await _gitlab.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private static JobVariable Variable(string key, string value) => new() { Key = key, Value = value, Public = true };
}
