using System.Security.Cryptography;

namespace PodExecutor.BuildKit.Content;

/// <summary>The blobs of an OCI layout in a folder. https://github.com/opencontainers/image-spec/blob/main/image-layout.md</summary>
internal sealed class OciLayoutStore(string folder, bool writable)
{
    private const string Sha256 = "sha256:";
    private const int HexLength = 64;

    public string Folder { get; } = folder;

    public bool Writable { get; } = writable;

    /// <returns>null: not there.</returns>
    public FileInfo? Find(string digest)
    {
        var file = new FileInfo(PathOf(digest));
        return file.Exists ? file : null;
    }

    public Ingest Begin() => new(this);

    /// <exception cref="FormatException">It is no sha256 digest: a digest becomes part of a path.</exception>
    private string PathOf(string digest)
    {
        var hex = digest.StartsWith(Sha256, StringComparison.Ordinal) ? digest[Sha256.Length..] : "";
        return hex.Length == HexLength && hex.All(c => c is >= '0' and <= '9' or >= 'a' and <= 'f')
            ? Path.Combine(Folder, "blobs", "sha256", hex)
            : throw new FormatException($"\"{digest}\" is no sha256 digest");
    }

    /// <summary>A blob on its way in: beside the others until it is whole and has the digest that it should.</summary>
    internal sealed class Ingest : IAsyncDisposable
    {
        private readonly OciLayoutStore _store;

        private readonly FileStream _file;

        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public Ingest(OciLayoutStore store)
        {
            _store = store;
            var incoming = Path.Combine(store.Folder, "ingest");
            Directory.CreateDirectory(incoming);
            _file = new FileStream(
                Path.Combine(incoming, Guid.NewGuid().ToString("N")), FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous);
        }

        public long Length { get; private set; }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
        {
            await _file.WriteAsync(data, cancellation).ConfigureAwait(false);
            _hash.AppendData(data.Span);
            Length += data.Length;
        }

        /// <param name="expected">"" for any.</param>
        /// <returns>The digest that it has.</returns>
        /// <exception cref="InvalidDataException">It is not what was expected.</exception>
        public async ValueTask<string> CommitAsync(string expected)
        {
            var digest = Sha256 + Convert.ToHexStringLower(_hash.GetCurrentHash());
            if (expected.Length > 0 && expected != digest)
            {
                throw new InvalidDataException($"a blob came with the digest {digest} instead of {expected}");
            }

            await _file.DisposeAsync().ConfigureAwait(false);
            var path = _store.PathOf(digest);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(_file.Name, path, overwrite: true);
            return digest;
        }

        public async ValueTask DisposeAsync()
        {
            _hash.Dispose();
            await _file.DisposeAsync().ConfigureAwait(false);
            File.Delete(_file.Name);
            if (Path.GetDirectoryName(_file.Name) is { } incoming && !Directory.EnumerateFileSystemEntries(incoming).Any())
            {
                Directory.Delete(incoming);
            }
        }
    }
}
