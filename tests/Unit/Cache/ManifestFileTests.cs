using System.Text;
using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Link.Cache;
using ZstdSharp;

namespace PodExecutor.Tests.Unit.Cache;

public class ManifestFileTests
{
    [Fact]
    public void Manifest_WrittenAndRead_IsEqual()
    {
        var manifest = Sample();

        var read = ManifestFile.Read(ManifestFile.Write(manifest));

        Assert.Equal(manifest, read);
    }

    [Fact]
    public void Manifest_NameThatIsNotUtf8_KeepsItsBytes()
    {
        var manifest = Sample();
        manifest.Entries.Add(new Entry { Path = ByteString.CopyFrom(0xFF, 0xFE, (byte)'\n'), Size = 0 });

        Assert.Equal(manifest, ManifestFile.Read(ManifestFile.Write(manifest)));
    }

    public static TheoryData<string> Rules => [.. Breaches.Keys];

    private static readonly Dictionary<string, Action<Manifest>> Breaches = new()
    {
        ["format"] = m => m.Format = 2,
        ["absolute"] = m => m.Entries[0].Path = Bytes("/etc/passwd"),
        ["upwards"] = m => m.Entries[0].Path = Bytes("../a"),
        ["upwards inside"] = m => m.Entries[0].Path = Bytes("a/../../b"),
        ["dot"] = m => m.Entries[0].Path = Bytes("./a"),
        ["empty name"] = m => m.Entries[0].Path = Bytes("a//b"),
        ["slash at the end"] = m => m.Entries[0].Path = Bytes("a/"),
        ["empty path"] = m => m.Entries[0].Path = ByteString.Empty,
        ["NUL"] = m => m.Entries[0].Path = Bytes("a\0b"),
        ["long name"] = m => m.Entries[0].Path = Bytes(new string('a', 256)),
        ["long path"] = m => m.Entries[0].Path = Bytes(string.Join('/', Enumerable.Repeat("a", 2100))),
        ["duplicate"] = m => m.Entries.Insert(1, m.Entries[0].Clone()),
        ["out of order"] = m => m.Entries.Insert(0, new Entry { Path = Bytes("zz") }),
        ["file below a link"] = m => m.Entries.Add(new Entry { Path = Bytes("link/x") }),
        ["file below a file"] = m => m.Entries.Add(new Entry { Path = Bytes("zz/x"), Kind = Entry.Types.Kind.File, Size = 0 }.Below(m)),
        ["hard link outwards"] = m => m.Entries[^1].Target = Bytes("../../etc/passwd"),
        ["hard link to a link"] = m => m.Entries[^1].Target = Bytes("link"),
        ["hard link to itself"] = m => m.Entries[^1].Target = m.Entries[^1].Path,
        ["unknown kind"] = m => m.Entries[0].Kind = (Entry.Types.Kind)9,
        ["mode"] = m => m.Entries[0].Mode = 0x8000 | 0x1A4,
        ["nanoseconds"] = m => m.Entries[0].MtimeNanos = 1_000_000_000,
        ["negative size"] = m => File(m).Size = ulong.MaxValue,
        ["chunk beyond the file"] = m => File(m).Chunks[0].FileOffset = 1,
        ["chunk offset overflows"] = m => File(m).Chunks[0].FileOffset = ulong.MaxValue,
        ["chunk overlaps"] = m => File(m).Chunks.Add(File(m).Chunks[0].Clone()),
        ["chunk in no pack"] = m => File(m).Chunks[0].Pack = 7,
        ["chunk in no frame"] = m => File(m).Chunks[0].Frame = uint.MaxValue,
        ["chunk beyond the frame"] = m => File(m).Chunks[0].FrameOffset = uint.MaxValue,
        ["chunk of nothing"] = m => File(m).Chunks[0].Length = 0,
        ["digest"] = m => File(m).Chunks[0].Digest = ByteString.Empty,
        ["directory with content"] = m => m.Entries[0].Size = 1,
        ["link without target"] = m => m.Entries.Single(e => e.Kind == Entry.Types.Kind.Symlink).Target = ByteString.Empty,
        ["frame beyond the pack"] = m => m.Packs[0].Frames[0].Offset = 91,
        ["frame offset overflows"] = m => m.Packs[0].Frames[0].Offset = ulong.MaxValue,
        ["frame bomb"] = m => m.Packs[0].Frames[0].ContentLength = uint.MaxValue,
        ["frame digest"] = m => m.Packs[0].Frames[0].Sha256 = ByteString.Empty,
        ["pack name"] = m => m.Packs[0].Sha256 = Bytes("../../x"),
        ["pack twice"] = m => m.Packs.Add(m.Packs[0].Clone()),
        ["huge pack"] = m => m.Packs[0].Size = ulong.MaxValue,
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Manifest_BreaksARule_IsDamaged(string rule)
    {
        var manifest = Sample();
        Breaches[rule](manifest);

        Assert.Throws<CacheDamagedException>(() => ManifestFile.Read(Stored(manifest)));
        Assert.Throws<CacheDamagedException>(() => ManifestFile.Write(manifest));
    }

    [Fact]
    public void Manifest_CutAnywhere_IsDamaged()
    {
        var stored = ManifestFile.Write(Sample());
        for (var length = 0; length < stored.Length; length++)
        {
            Assert.Throws<CacheDamagedException>(() => ManifestFile.Read(stored.AsMemory(0, length)));
        }
    }

    [Fact]
    public void Manifest_Bomb_IsDamagedBeforeItFillsMemory()
    {
        using var bomb = new MemoryStream();
        bomb.Write("PEXCACH1"u8);
        using (var zstd = new CompressionStream(bomb, 1, leaveOpen: true))
        {
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 300; i++)
            {
                zstd.Write(zeros);
            }
        }

        var damage = Assert.Throws<CacheDamagedException>(() => ManifestFile.Read(bomb.ToArray()));

        Assert.Contains("when decompressed", damage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PackObject_Name_IsItsDigest() =>
        Assert.Equal("packs/ab/ab" + new string('0', 62), PackObject.Name([0xAB, .. new byte[31]]));

    private static Manifest Sample() => new()
    {
        Format = ManifestLimits.Format,
        Key = "deps-main",
        CreatedUnixMs = 1,
        Packs =
        {
            new Pack
            {
                Sha256 = ByteString.CopyFrom(new byte[32]),
                Size = 100,
                Frames = { new Frame { Offset = 10, Length = 90, ContentLength = 200, Sha256 = ByteString.CopyFrom(new byte[32]) } },
            },
        },
        Entries =
        {
            new Entry { Path = Bytes("a"), Kind = Entry.Types.Kind.Directory, Mode = 0x1ED },
            new Entry
            {
                Path = Bytes("a/file"), Mode = 0x1A4, Uid = 1000, Gid = 1000, MtimeSeconds = -5, MtimeNanos = 999_999_999, Size = 150,
                Chunks = { new Chunk { FrameOffset = 50, Length = 150, Digest = ByteString.CopyFrom(new byte[20]) } },
            },
            new Entry { Path = Bytes("link"), Kind = Entry.Types.Kind.Symlink, Target = Bytes("../anywhere") },
            new Entry { Path = Bytes("twin"), Kind = Entry.Types.Kind.Hardlink, Target = Bytes("a/file") },
        },
    };

    private static Entry File(Manifest manifest) => manifest.Entries[1];

    private static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);

    private static byte[] Stored(Manifest manifest)
    {
        using var compressor = new Compressor(3);
        return [.. Encoding.ASCII.GetBytes("PEXCACH1"), .. compressor.Wrap(manifest.ToByteArray())];
    }
}

internal static class EntryExtensions
{
    /// <summary>Adds a file of the name that this entry takes for a directory.</summary>
    public static Entry Below(this Entry entry, Manifest manifest)
    {
        manifest.Entries.Add(new Entry { Path = ByteString.CopyFromUtf8("zz") });
        return entry;
    }
}
