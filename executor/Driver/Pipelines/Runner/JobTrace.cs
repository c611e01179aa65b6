using System.Text;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>The job log: the runner's own lines and the executor's bytes, one writer at a time.</summary>
internal sealed class JobTrace(Stream output) : IDisposable
{
    private const string Green = "\e[32;1m";
    private const string Cyan = "\e[0K\e[36;1m";
    private const string Red = "\e[31;1m";
    private const string Yellow = "\e[0;33m";
    private const string Reset = "\e[0;m";

    private readonly SemaphoreSlim _gate = new(1, 1);

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await _gate.WaitAsync();
        try
        {
            await output.WriteAsync(bytes);
            await output.FlushAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    public ValueTask LineAsync(string text) => WriteAsync(Encoding.UTF8.GetBytes(text + "\n"));

    /// <summary>The head of a section, as GitLab shows it.</summary>
    public ValueTask SectionAsync(string text) => LineAsync($"{Cyan}{text}{Reset}");

    public ValueTask SuccessAsync(string text) => LineAsync($"{Green}{text}{Reset}");

    public ValueTask WarningAsync(string text) => LineAsync($"{Yellow}WARNING: {text}{Reset}");

    public ValueTask ErrorAsync(string text) => LineAsync($"{Red}ERROR: {text}{Reset}");

    public void Dispose() => _gate.Dispose();
}
