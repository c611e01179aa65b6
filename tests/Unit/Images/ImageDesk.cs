using PodExecutor.Agent.Images;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>A folder, variables and captured output in which an image command is called.</summary>
internal sealed class ImageDesk : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _log = new();

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public string Folder { get; } = Directory.CreateTempSubdirectory("images-").FullName;

    public byte[] Input { get; set; } = [];

    public string Output => _output.ToString();

    public string Log => _log.ToString();

    public ImageContext Context(string name = "docker") => new(name, Folder, Variables.GetValueOrDefault, TimeProvider.System)
    {
        Output = _output,
        Log = _log,
        OpenInput = () => new MemoryStream(Input),
        OpenOutput = () => new MemoryStream(),
    };

    public Task<int> RunAsync(string name, params string[] arguments)
    {
        Variables.TryAdd("HOME", Path.Combine(Folder, "home"));
        Variables.TryAdd(ImageContext.StateVariable, Path.Combine(Folder, "state"));
        return ImageCommand.RunAsync(arguments, Context(name), TestContext.Current.CancellationToken);
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
