using System.Text;

namespace PodExecutor.BuildKit;

/// <summary>Where a secret's value comes from. It is read when the daemon asks for it, for each use.</summary>
public sealed class SecretSource
{
    /// <summary>500 KiB, as BuildKit's own clients have it: more does not fit its messages.</summary>
    public const int MaxSize = 500 * 1024;

    private readonly Func<CancellationToken, ValueTask<byte[]>> _read;

    private SecretSource(Func<CancellationToken, ValueTask<byte[]>> read) => _read = read;

    public static SecretSource FromValue(string value) => FromValue(Encoding.UTF8.GetBytes(value));

    public static SecretSource FromValue(byte[] value) => new(_ => ValueTask.FromResult(value));

    /// <summary>A file of at most <see cref="MaxSize"/> bytes, read at each use.</summary>
    public static SecretSource FromFile(string path) => new(token => new ValueTask<byte[]>(File.ReadAllBytesAsync(path, token)));

    public static SecretSource FromCallback(Func<CancellationToken, ValueTask<byte[]>> read) => new(read);

    internal ValueTask<byte[]> ReadAsync(CancellationToken cancellation) => _read(cancellation);
}
