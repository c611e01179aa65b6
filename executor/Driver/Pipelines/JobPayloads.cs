using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Files;
using PodExecutor.Driver.Pipelines.GitLab;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines;

/// <summary>Makes the job that GitLab would send out of one of the pipeline's.</summary>
internal sealed class JobPayloads(TryRequest request, GitLabDouble gitlab, PredefinedVariables predefined, string projectPath, long pipelineId)
{
    /// <param name="sources">The jobs whose artifacts it gets.</param>
    public async Task<JobPayload> BuildAsync(
        RunPlan plan, long id, string token, IReadOnlyList<JobRunOutcome> sources, DateTimeOffset started, CancellationToken cancel)
    {
        var job = plan.Job;
        var timeout = (long)(job.Timeout ?? request.Timeout).TotalSeconds;
        var commit = gitlab.Snapshot.Commit;
        var dotenv = new List<JobVariable>();
        foreach (var source in sources)
        {
            var variables = await gitlab.Artifacts.DotenvAsync(source.Id, cancel);
            dotenv.AddRange(variables.Select(v => new JobVariable { Key = v.Key, Value = v.Value, Raw = true }));
        }

        return new JobPayload
        {
            Id = id,
            Token = token,
            JobInfo = new PayloadJobInfo
            {
                Name = job.Name,
                Stage = job.Stage,
                PipelineId = pipelineId,
                ProjectId = 1,
                ProjectName = projectPath[(projectPath.LastIndexOf('/') + 1)..],
                ProjectFullPath = projectPath,
            },
            GitInfo = new PayloadGitInfo
            {
                RepoUrl = gitlab.RepositoryUrl(token),
                Ref = commit.Ref,
                Sha = commit.Sha,
                Refspecs = [$"+refs/heads/{commit.Ref}:refs/remotes/origin/{commit.Ref}"],
            },
            RunnerInfo = new PayloadRunnerInfo { Timeout = timeout },
            Variables = [
                .. predefined.OfJob(id, job.Name, job.Stage, token, started), .. predefined.OfPipeline(),
                .. plan.Variables, .. dotenv, .. request.Variables],
            Steps = Steps(job, timeout),
            Image = job.Image ?? new PayloadImage(),
            Services = job.Services,
            Artifacts = job.Artifacts.Count > 0 ? job.Artifacts : null,
            Cache = job.Cache,
            Credentials = Credentials(),
            Dependencies = [.. sources.Select(s => (s.Job.Name, File: gitlab.Artifacts.Archive(s.Id))).Where(s => s.File is not null).Select(s => new PayloadDependency
            {
                Id = s.File!.JobId,
                Token = token,
                Name = s.Name,
                ArtifactsFile = new PayloadArtifactsFile { Filename = s.File.FileName, Size = s.File.Size },
            })],
            Hooks = job.PreGetSources.Count > 0 ? [new PayloadHook { Name = "pre_get_sources_script", Script = job.PreGetSources }] : null,
        };
    }

    private static IReadOnlyList<PayloadStep> Steps(PipelineJob job, long timeout) =>
    [
        new PayloadStep { Name = "script", Script = job.Script, Timeout = timeout },
        .. job.AfterScript.Count > 0
            ? new[] { new PayloadStep { Name = "after_script", Script = job.AfterScript, Timeout = timeout, When = "always", AllowFailure = true } }
            : [],
    ];

    /// <summary>A registry that the user names by --variable gets the login that he gives with it.</summary>
    private IReadOnlyList<PayloadCredential> Credentials()
    {
        var given = new JobVariables(request.Variables);
        return given.Get("CI_REGISTRY") is { Length: > 0 } registry && given.Get("CI_REGISTRY_PASSWORD") is { Length: > 0 } password
            ? [new PayloadCredential { Url = registry, Username = given.Get("CI_REGISTRY_USER") ?? "gitlab-ci-token", Password = password }]
            : [];
    }
}
