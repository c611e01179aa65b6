using System.Runtime.InteropServices;
using PodExecutor.Agent.Cache.Runner;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Artifacts;

/// <summary>
/// The agent under the name <c>gitlab-runner</c>: the helper's subcommands that GitLab Runner's generated scripts call in the
/// build directory. Contract: gitlab-runner 19 commands/helpers, shells/abstract.go.
/// </summary>
internal static class RunnerCommand
{
    /// <summary>The exit code: 0, or 1 after a line on stderr that says what failed.</summary>
    public static async Task<int> RunAsync(string[] args, RunnerContext context, CancellationToken cancel)
    {
        try
        {
            return args switch
            {
                ["--version" or "-v" or "version", ..] => Version(context),
                ["artifacts-uploader", .. var rest] => await UploadCommand.RunAsync(rest, context, cancel),
                ["artifacts-downloader", .. var rest] => await DownloadCommand.RunAsync(rest, context, cancel),
                ["cache-init", .. var directories] => CacheInit(directories, context),
                ["cache-extractor", .. var rest] => await ExtractCommand.RunAsync(rest, context, cancel),
                ["cache-archiver", .. var rest] => await ArchiveCommand.RunAsync(rest, context, cancel),
                _ => Unknown(args, context),
            };
        }
        catch (ArtifactException e)
        {
            context.Fatal(e.Message);
            return 1;
        }
        catch (TransferException e)
        {
            context.Fatal(e.Message);
            return 1;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            context.Fatal($"{args[0]} took longer than its --timeout allows.");
            return 1;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            context.Fatal($"{args[0]} was cancelled.");
            return 1;
        }
    }

    private static int Version(RunnerContext context)
    {
        context.Output.WriteLine($"Version:      {AgentVersion.Text}");
        context.Output.WriteLine("Name:         gitlab-runner (pod-executor's agent)");
        context.Output.WriteLine($"OS/Arch:      linux/{(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "amd64" : "arm64")}");
        return 0;
    }

    private static int CacheInit(string[] directories, RunnerContext context)
    {
        foreach (var directory in directories.Where(d => !d.StartsWith('-')))
        {
            try
            {
                // Jobs run as users that this one does not know, and each must write its cache.
                const UnixFileMode everyone = (UnixFileMode)0x1FF;
                File.SetUnixFileMode(Directory.CreateDirectory(Path.Combine(context.Directory, directory)).FullName, everyone);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ArtifactException($"The cache directory {directory} cannot be made writable for all: {e.Message}", e);
            }
        }

        return 0;
    }

    private static int Unknown(string[] args, RunnerContext context)
    {
        context.Fatal(
            $"{(args.Length == 0 ? "No subcommand was given" : $"The subcommand {args[0]} does not exist here")}: this gitlab-runner is pod-executor's agent, "
            + "which does what a job's scripts need (artifacts-uploader, artifacts-downloader, cache-init, cache-extractor, cache-archiver, --version). "
            + "Install GitLab Runner in the job's image if the job itself calls it.");
        return 1;
    }
}
