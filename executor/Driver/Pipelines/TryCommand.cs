using System.CommandLine;
using System.Runtime.InteropServices;
using PodExecutor.Driver.Pipelines.Display;
using PodExecutor.Driver.Pipelines.Files;
using PodExecutor.Driver.Pipelines.GitLab;

namespace PodExecutor.Driver.Pipelines;

/// <summary>
/// <c>pod-executor try PIPELINE.yml [JOB…]</c>: command line → <see cref="TryRequest"/> → <see cref="TrySession"/> → exit code. 0: the
/// pipeline passed; 1: it did not; 3: there is nothing that could be run.
/// </summary>
internal static class TryCommand
{
    public const int Passed = 0;
    public const int NotPassed = 1;
    public const int NotRunnable = 3;

    public static Command Build(Option<string> config)
    {
        var arguments = new TryArguments();
        var command = new Command("try", "Runs jobs of a .gitlab-ci.yml from a working copy on the cluster, without GitLab.");
        arguments.AddTo(command);
        command.SetAction((parse, _) => RunAsync(parse, arguments, config));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, TryArguments arguments, Option<string> config)
    {
        using var graceful = new CancellationTokenSource();
        using var abort = new CancellationTokenSource();

        // The first signal lets after_script run, as GitLab's cancel does; the second only cleanup.
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            (graceful.IsCancellationRequested ? abort : graceful).Cancel();
        }

        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            var request = arguments.Read(parse, parse.GetValue(config)!);
            await using var stdout = Console.OpenStandardOutput();
            await using var output = new LastingOutput(stdout);
            var session = new TrySession(request, output, TimeProvider.System);
            return await session.RunAsync(new Runner.JobStop(graceful.Token, abort.Token)) ? Passed : NotPassed;
        }
        catch (PipelineFileException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return NotRunnable;
        }
        catch (Exception e) when (e is TryRefusedException or GitException)
        {
            await Console.Error.WriteLineAsync("error: " + e.Message);
            return NotRunnable;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync("error: this machine does not let try work: " + e.Message);
            return NotPassed;
        }
        catch (OperationCanceledException) when (graceful.IsCancellationRequested)
        {
            return NotPassed;
        }
    }
}

/// <summary>The command line asks for what cannot be.</summary>
internal sealed class TryRefusedException(string message) : Exception(message);
