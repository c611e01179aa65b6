using System.Text.Unicode;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>A Dockerfile that no builder can read: BuildKit breaks the connection over it, which would look like the builder's fault.</summary>
internal static class DockerfileText
{
    /// <summary>Longer than any Dockerfile.</summary>
    private const int Looked = 1 << 20;

    /// <param name="warn">Told of other text that is not UTF-8: in a comment it is harmless.</param>
    /// <exception cref="ImageException">It is UTF-16, as PowerShell's ">" writes it, or holds NUL bytes.</exception>
    public static void Require(BuildSources sources, Action<string> warn)
    {
        if (sources.DockerfileDirectory is not { } directory || Path.Combine(directory, sources.Dockerfile) is not { } path || !File.Exists(path))
        {
            return;
        }

        var begin = new byte[Looked];
        int length;
        try
        {
            using var file = File.OpenRead(path);
            length = file.ReadAtLeast(begin, Looked, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"The Dockerfile {path} cannot be read: {e.Message}", ImageExit.Failure, e);
        }

        var what = begin.AsSpan(0, length) switch
        {
            [0xff, 0xfe, ..] or [0xfe, 0xff, ..] => "UTF-16 (PowerShell's \">\" writes that)",
            var text when text.Contains((byte)0) => "no text: it holds NUL bytes",
            _ => null,
        };
        if (what is not null)
        {
            throw new ImageException($"The Dockerfile {path} is not UTF-8 text but {what}. Save it as UTF-8.");
        }

        if (!Utf8.IsValid(begin.AsSpan(0, length)) && length < Looked)
        {
            warn($"The Dockerfile {path} is not UTF-8 text everywhere: BuildKit refuses such instructions, and often cannot say why. Save it as UTF-8.");
        }
    }
}
