namespace PodExecutor.BuildKit;

internal sealed class KeySshAgent(IEnumerable<string> keys) : SshAgent
{
    private readonly string[] _keys = [.. keys];

    internal override ValueTask<Stream> ConnectAsync(CancellationToken cancellation) => throw new NotImplementedException($"{_keys.Length}");
}
