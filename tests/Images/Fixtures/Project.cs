using System.Diagnostics;

namespace PodExecutor.Tests.Images.Fixtures;

/// <param name="Code">Exit code.</param>
internal sealed record CliResult(int Code, string Output, string Log)
{
    public string All => Output + Log;
}

/// <summary>A job's folder and variables, and the published agent called in it by one of its names.</summary>
internal sealed class Project : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("image-test-").FullName;

    public Project()
    {
        Directory.CreateDirectory(Folder);
        foreach (var name in new[] { "docker", "nerdctl", "image-build" })
        {
            File.CreateSymbolicLink(Path.Combine(_root, name), Testbed.Agent);
        }

        Variables["HOME"] = Path.Combine(_root, "home");
        Variables["POD_EXECUTOR_IMAGES"] = Path.Combine(_root, "state");
        Variables["PATH"] = "/usr/bin:/bin";
        Variables["BUILDKIT_HOST"] = Testbed.Builder;
    }

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public string Folder => Path.Combine(_root, "project");

    /// <summary>Differs from test to test and run to run: no image, cache or repository of another is met.</summary>
    public string Unique { get; } = Guid.NewGuid().ToString("N")[..12];

    public string Image(string registry = Testbed.Registry) => $"{registry}/{Unique}/app:1";

    public string At(string name) => Path.Combine(Folder, name);

    public Project Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
        return this;
    }

    /// <summary>A Dockerfile whose steps no other test has run.</summary>
    public Project Dockerfile(params string[] lines) => Write("Dockerfile", $"FROM {Testbed.Base}\nENV UNIQUE={Unique}\n{string.Join('\n', lines)}\n");

    public Task<CliResult> RunAsync(string program, params string[] arguments) => RunAsync(program, null, arguments);

    public async Task<CliResult> RunAsync(string program, byte[]? stdin, params string[] arguments)
    {
        using var process = Start(program, arguments);
        await process.StandardInput.BaseStream.WriteAsync(stdin ?? [], TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var log = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CliResult(process.ExitCode, await output, await log);
    }

    /// <summary>Fails the test unless it exits with 0.</summary>
    public async Task<CliResult> PassAsync(string program, params string[] arguments)
    {
        var result = await RunAsync(program, arguments);
        Assert.True(result.Code == 0, $"{program} {string.Join(' ', arguments)}: {result.Code}\n{result.All}");
        return result;
    }

    public Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.IsPathRooted(program) ? program : Path.Combine(_root, program), arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
