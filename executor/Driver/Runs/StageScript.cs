using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Driver.Failures;
using PodExecutor.Link;
using PodExecutor.Link.Builders;

namespace PodExecutor.Driver.Runs;

/// <summary>A stage's script as gitlab-runner wrote it, and the name of this one execution of it.</summary>
internal sealed class StageScript
{
    private readonly byte[] _text;

    private readonly BuilderSet? _builders;

    private StageScript(string stage, byte[] text, BuilderSet? builders)
    {
        (_text, _builders) = (text, builders);
        Stage = stage;
        RunId = Guid.NewGuid().ToString("N");
    }

    public string Stage { get; }

    public string RunId { get; }

    /// <param name="builders">For a helper stage: what the helper container serves to the job from then on.</param>
    /// <exception cref="FailureException">The file cannot be read.</exception>
    public static StageScript Read(string path, string stage, BuilderSet? builders = null)
    {
        try
        {
            return new StageScript(stage, File.ReadAllBytes(path), builders);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException(
                new Failure(FailureKind.System, $"The script of stage {stage} cannot be read", e.Message, "It is the runner's own file: check its disk and its TMPDIR."), e);
        }
    }

    /// <summary>A script of our own.</summary>
    public static StageScript Of(string text, string stage) => new(stage, System.Text.Encoding.UTF8.GetBytes(text), null);

    public Open Open(ulong position, TimeSpan stopGrace, string workingDirectory) => new()
    {
        Protocol = LinkProtocol.Version,
        RunId = RunId,
        Stage = Stage,
        Position = position,
        ScriptSize = (ulong)_text.Length,
        ScriptSha256 = ByteString.CopyFrom(SHA256.HashData(_text)),
        StopGraceMs = (uint)stopGrace.TotalMilliseconds,
        WorkingDirectory = workingDirectory,
        Builders = _builders,
    };

    public IEnumerable<DriverFrame> Frames()
    {
        for (var at = 0; at < _text.Length; at += LinkProtocol.ChunkSize)
        {
            var part = _text.AsMemory(at, Math.Min(LinkProtocol.ChunkSize, _text.Length - at));
            yield return new DriverFrame { Script = new Script { Data = UnsafeByteOperations.UnsafeWrap(part) } };
        }
    }
}
