using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Artifacts;

/// <summary><c>gitlab-runner artifacts-uploader</c>: finds the files, then sends them.</summary>
internal static class UploadCommand
{
    /// <summary>0 also when nothing matched: GitLab leaves it to a warning.</summary>
    public static async Task<int> RunAsync(string[] args, RunnerContext context, CancellationToken cancel)
    {
        var request = UploadRequest.Parse(args, context);
        var selected = await new ArtifactSelection(context).FindAsync(request.Selection, cancel);
        if (UploadPlan.Decide(request, selected) is not { } plan)
        {
            context.Error("No files to upload");
            return 0;
        }

        using var deadline = new CancellationTokenSource(request.Timeout ?? Timeout.InfiniteTimeSpan, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        using var client = ArtifactHttp.Create(context);
        try
        {
            var upload = new ArtifactUpload(context, client, request, plan);
            await Attempts.RunAsync(context.Warn, context.Time, upload.TryAsync, either.Token);
            return 0;
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new ArtifactException(
                $"Uploading artifacts to {request.Coordinator} took longer than --timeout ({request.Timeout}). "
                + "Make the artifacts smaller, or raise the runner's time limit for artifact uploads.", e);
        }
    }
}
