using System.IO.Compression;
using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Agent.Cache;
using PodExecutor.Agent.Cache.Archives;
using PodExecutor.Agent.Cache.Restore;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;
using PodExecutor.Link.Cache;
using PodExecutor.Tests.Unit.Cache.Doubles;
using ZstdSharp;

namespace PodExecutor.Tests.Unit.Cache.Fuzzing;

/// <summary>A reader of things that come from other jobs, and good examples of what it reads.</summary>
/// <param name="Read">Reads into a directory; may throw nothing but CacheDamagedException.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[], string> Read)
{
    private const long Limit = 1 << 20;
    private const int FrameContent = 4000;

    public static IReadOnlyList<FuzzTarget> All { get; } = Make();

    public override string ToString() => Name;

    private static IReadOnlyList<FuzzTarget> Make()
    {
        var manifest = SampleManifest();
        using var zstd = new Compressor();
        var tar = Tarball(manifest);
        return
        [
            new("manifest", [ManifestFile.Write(manifest)], (bytes, _) => ReadManifest(bytes)),

            // Below the compression, where nearly every damage would end otherwise.
            new("manifest-message", [manifest.ToByteArray()], (bytes, _) => ReadManifest(Stored(bytes))),
            new("frame", [Zstd(Text()), Zstd(new byte[FrameContent])], ReadFrame),
            new("zip", [ZipMaker.Zstd(("d/a", Text())), Artifacts.BuildDirectory.Zip(("d/", 0x41ED, ""), ("d/f", 0x81A4, "content"), ("d/l", 0xA1FF, "f"))], ReadZip),
            new("tar", [tar], (bytes, directory) => ReadTar(bytes, directory, null)),
            new("tar-zstd", [Zstd(tar)], (bytes, directory) => ReadTar(bytes, directory, ArchiveKind.TarZstd)),
            new("tar-gzip", [Gzip(tar)], (bytes, directory) => ReadTar(bytes, directory, ArchiveKind.TarGzip)),
        ];
    }

    private static void ReadManifest(byte[] bytes)
    {
        var manifest = ManifestFile.Read(bytes);

        // What is read can be planned and written again.
        _ = RestorePlan.Decide(manifest, [], DeclaredPaths.Everything()).DiskBytes;
        Assert.Equal(manifest, ManifestFile.Read(ManifestFile.Write(manifest)));
    }

    private static void ReadFrame(byte[] bytes, string directory) => InTree(directory, tree =>
    {
        var entry = new Entry { Path = ByteString.CopyFromUtf8("f"), Size = FrameContent, Chunks = { new Chunk { Length = FrameContent } } };
        var planned = new PlannedFrame(new Frame
        {
            Length = (uint)bytes.Length,
            ContentLength = FrameContent,
            Sha256 = ByteString.CopyFrom(SHA256.HashData(bytes)),
        });
        planned.Pieces.Add(new PlannedPiece(new PlannedFile(entry), 0, FrameContent, 0));
        using var decoder = new FrameDecoder(tree, FrameContent);
        decoder.Write(new FrameReady(planned, bytes, ByteString.Empty));
    });

    private static void ReadZip(byte[] bytes, string directory) => InTree(directory, tree =>
    {
        var file = Path.Combine(Path.GetDirectoryName(directory)!, "input");
        File.WriteAllBytes(file, bytes);
        using var handle = File.OpenHandle(file);
        ZipExtraction.Run((int)handle.DangerousGetHandle(), bytes.Length, Sink(tree), 1, CancellationToken.None);
    });

    private static void ReadTar(byte[] bytes, string directory, ArchiveKind? kind) => InTree(directory, tree =>
    {
        using var archive = new MemoryStream(bytes);
        if (kind is { } compressed)
        {
            ArchiveExtract.Tar(compressed, archive, Sink(tree), CancellationToken.None);
        }
        else
        {
            TarExtraction.Run(archive, Sink(tree), CancellationToken.None);
        }
    });

    private static ArchiveSink Sink(RestoreTree tree) => new(tree, DeclaredPaths.Everything(), Limit);

    private static void InTree(string directory, Action<RestoreTree> read)
    {
        using var workspace = Beneath.Open(directory);
        using var tree = RestoreTree.Begin(workspace);
        read(tree);
        try
        {
            _ = tree.Place();
        }
        catch (CacheRefusedException)
        {
            // Something of an earlier input is in the way.
        }
    }

    private static Manifest SampleManifest()
    {
        using var job = new CacheJob();
        Shell.Bash("mkdir -p t/d/e; echo a > t/a; ln t/a t/b; ln -s a t/l; seq 2000 > t/d/seq; truncate -s 5000000 t/hole; echo x >> t/hole; : > t/nothing", job.Workspace);
        Assert.Equal(CacheResult.Saved, Task.Run(() => job.SaveAsync("k", "t")).GetAwaiter().GetResult().Result);
        return ManifestFile.Read(job.Desk.Manifests["k"][0]);
    }

    private static byte[] Tarball(Manifest manifest)
    {
        using var directory = new CacheJob();
        Shell.Bash($"mkdir -p t/d; seq 300 > t/d/f; ln t/d/f t/h; ln -s d t/l; echo {manifest.Entries.Count} > t/größe; tar --format=posix -cf ../tar t", directory.Workspace);
        return File.ReadAllBytes(Path.Combine(directory.Root, "tar"));
    }

    private static byte[] Text() => System.Text.Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 2000).Select(i => i % 97 % 10)) + new string('x', FrameContent))[..FrameContent];

    private static byte[] Stored(byte[] message) => [.. "PEXCACH1"u8, .. Zstd(message)];

    private static byte[] Zstd(byte[] bytes)
    {
        using var zstd = new Compressor();
        return zstd.Wrap(bytes).ToArray();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return to.ToArray();
    }
}
