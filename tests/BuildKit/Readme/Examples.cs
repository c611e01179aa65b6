using PodExecutor.BuildKit;

// Not below PodExecutor.Tests.BuildKitClient: that would hide the class of this name.
namespace Examples;

/// <summary>The code blocks of executor/BuildKit/README.md, each a region here, in their order. ReadmeTests compares the two texts and runs these.</summary>
/// <param name="console">What the blocks write to.</param>
internal sealed class ReadmeExamples(TextWriter console)
{
    private TextWriter Console => console;

    public async Task BuildAsync(string address, string path, string image, string registry, string user, string password, CancellationToken cancellation)
    {
        #region A build
        await using var client = new BuildKitClient(BuildKitEndpoint.Parse(address));     // "tcp://127.0.0.1:1234"
        var folder = new LocalDirectory(path);                                            // "."
        var request = new SolveRequest
        {
            FrontendOptions = new DockerfileOptions { BuildArgs = new Dictionary<string, string> { ["VERSION"] = "1.2" } }.ToFrontendOptions(),
            LocalDirectories = new Dictionary<string, LocalDirectory> { ["context"] = folder, ["dockerfile"] = folder },
            Exports = [Export.Image(image, push: true)],                                  // "registry.example.com/team/app:1.2"
            RegistryAuth = new StaticRegistryAuth(new Dictionary<string, RegistryCredential> { [registry] = new(user, password) }),
        };

        try
        {
            var outcome = await client.SolveAsync(request, progress => { /* steps, statuses, logs, warnings */ }, cancellation);
            Console.WriteLine(outcome.ImageDigest);
        }
        catch (BuildFailedException failure)
        {
            Console.WriteLine($"{failure.Message} (exit code {failure.ExitCode})");
            foreach (var line in failure.Location?.Lines(context: 2) ?? [])
            {
                Console.WriteLine($"{(line.Meant ? '>' : ' ')} {line.Number,4} {line.Text}");
            }
        }
        #endregion
    }
}
