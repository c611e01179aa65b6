using System.Runtime.InteropServices;
using PodExecutor.BuildKit;

// bench-builder ADDRESS CONTEXT SHARED-KEY [no-cache]: the least program that builds with the library, for bench/run.sh build.
// The daemon keeps the image; what it says goes to stdout, as buildx's plain progress does.
if (args.Length is < 3 or > 4)
{
    await Console.Error.WriteLineAsync("usage: bench-builder ADDRESS CONTEXT SHARED-KEY [no-cache]");
    return 2;
}

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
await using var client = new BuildKitClient(BuildKitEndpoint.Parse(args[0]));
var folder = new LocalDirectory(args[1]);
var request = new SolveRequest
{
    FrontendOptions = new DockerfileOptions { NoCache = args.Length > 3 }.ToFrontendOptions(),
    LocalDirectories = new Dictionary<string, LocalDirectory> { ["context"] = folder, ["dockerfile"] = folder },
    SharedKey = args[2],
};
try
{
    await client.SolveAsync(request, Show, stop.Token);
    return 0;
}
catch (BuildKitException error)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 1;
}

static void Show(ProgressUpdate update)
{
    foreach (var vertex in update.Vertices)
    {
        Console.WriteLine($"{vertex.Name} {(vertex.Cached ? "CACHED" : vertex.Completed is null ? "" : "DONE")} {vertex.Error}");
    }

    foreach (var status in update.Statuses)
    {
        Console.WriteLine($"  {status.Id} {status.Current}/{status.Total}");
    }
}
