using System.Text;

namespace PodExecutor.Agent.Artifacts;

/// <summary>What a subcommand may touch of its process: the edge reads it once, tests make their own.</summary>
/// <param name="Directory">The job's build directory, absolute: artifact paths are relative to it, and nothing outside is read or written.</param>
/// <param name="Output">stdout, for answers that scripts read.</param>
/// <param name="Log">stderr, for people: gitlab-runner's helper writes all its lines there.</param>
internal sealed record RunnerContext(string Directory, TextWriter Output, TextWriter Log, TimeProvider Time)
{
    /// <summary>CI_SERVER_TLS_CA_FILE: a PEM bundle that is trusted besides the system's, or null.</summary>
    public string? ExtraCaFile { get; init; }

    /// <summary>ARTIFACT_COMPRESSION_LEVEL in GitLab's words: fastest, fast, default, slow, slowest.</summary>
    public string? CompressionLevel { get; init; }

    /// <summary>CACHE_COMPRESSION_FORMAT in the runner's words: zip, zipzstd, tarzstd; null for the default.</summary>
    public string? CacheCompressionFormat { get; init; }

    /// <summary>CACHE_COMPRESSION_LEVEL in GitLab's words.</summary>
    public string? CacheCompressionLevel { get; init; }

    /// <summary>Where a download waits until it is whole. The runner's own neighbour of the build directory is on the same volume.</summary>
    public string TemporaryDirectory => System.IO.Directory.Exists(Directory + ".tmp") ? Directory + ".tmp" : Path.GetTempPath();

    /// <param name="variable">The job's variables; an empty one is as good as none.</param>
    public static RunnerContext Of(Func<string, string?> variable, string directory, TextWriter output, TextWriter log, TimeProvider time)
    {
        return new RunnerContext(directory, output, log, time)
        {
            ExtraCaFile = Given("CI_SERVER_TLS_CA_FILE"),
            CacheCompressionFormat = Given("CACHE_COMPRESSION_FORMAT"),
            CacheCompressionLevel = Given("CACHE_COMPRESSION_LEVEL"),
            CompressionLevel = Given("ARTIFACT_COMPRESSION_LEVEL"),
        };

        string? Given(string name) => variable(name) is { Length: > 0 } value ? value : null;
    }

    public void Info(string text) => Log.WriteLine(OneLine(text));

    public void Warn(string text) => Log.WriteLine("WARNING: " + OneLine(text));

    public void Error(string text) => Log.WriteLine("ERROR: " + OneLine(text));

    public void Fatal(string text) => Log.WriteLine("FATAL: " + OneLine(text));

    // File names come from jobs and archives: one with a line break could pretend to be a line of the runner.
    private static string OneLine(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            plain.Append(char.IsControl(c) ? '?' : c);
        }

        return plain.ToString();
    }
}
