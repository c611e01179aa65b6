using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Driver.Failures;
using PodExecutor.Link;
using PodExecutor.Link.Builders;

namespace PodExecutor.Driver.Runs;

/// <summary>What a stage's process is started with, a script as gitlab-runner wrote it or a task of our own, and the name of this one execution of it.</summary>
internal sealed class StageScript
{
    private readonly byte[] _text;
    private readonly Work _work;
    private readonly BuilderSet? _builders;

    private StageScript(string stage, byte[] text, Work work, BuilderSet? builders = null)
    {
        (_text, _work, _builders) = (text, work, builders);
        Stage = stage;
        RunId = Guid.NewGuid().ToString("N");
    }

    public string Stage { get; }

    public string RunId { get; }

    public static StageScript OfCacheTask(string stage, Link.Cache.CacheTask task) => new(stage, task.ToByteArray(), Work.CacheTask);

    /// <param name="builders">For the first stage: what the helper container serves to the job from then on.</param>
    /// <exception cref="FailureException">The file cannot be read.</exception>
    public static StageScript Read(string path, string stage, BuilderSet? builders = null)
    {
        try
        {
            return new StageScript(stage, File.ReadAllBytes(path), Work.Script, builders);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException(
                new Failure(FailureKind.System, $"The script of stage {stage} cannot be read", e.Message, "It is the runner's own file: check its disk and its TMPDIR."), e);
        }
    }

    /// <summary>A script of our own.</summary>
    public static StageScript Of(string text, string stage) => new(stage, System.Text.Encoding.UTF8.GetBytes(text), Work.Script);

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
        Work = _work,
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
