using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.Registries;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>load, and the push or save that follows it.</summary>
public sealed class LoadVerbTests : IAsyncLifetime
{
    private readonly ImageDesk _desk = new();
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly List<TarEntry> _more = [];
    private RegistryDouble _registry = null!;

    private RecipeStore Store => new(Path.Combine(_desk.Folder, "state"));

    public async ValueTask InitializeAsync() => _registry = await RegistryDouble.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _desk.Dispose();
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task Load_OfALayout_IsPushedAsItIs(string compression)
    {
        var image = Layout(_registry.Image("x", "one", "two"), "io.containerd.image.name", "docker.io/library/app:1");
        await File.WriteAllBytesAsync(Path.Combine(_desk.Folder, "image.tar"), Compressed(compression), TestContext.Current.CancellationToken);

        Assert.Equal(0, await _desk.RunAsync("docker", "load", "-q", "-i", "image.tar"));
        Assert.Equal("Loaded image: app:1\n", _desk.Output);
        var recipe = Store.Find("app:1")!;
        Assert.Equal((ManifestContents.Read(image).Config!.Digest, image.Digest, 6L), (recipe.Id, recipe.Digest, recipe.Size));

        var name = _registry.Host + "/team/app:1";
        Assert.Equal(0, await _desk.RunAsync("docker", "tag", "app:1", name));
        Assert.Equal(0, await _desk.RunAsync("docker", "push", name));
        Assert.EndsWith($"1: digest: {image.Digest} size: {image.Content.Length}\n", _desk.Output);
        Assert.Equal(image.Content, _registry.Content["team/app:1"]);
        Assert.Equal(4, _registry.Content.Keys.Count(k => k.StartsWith("team/app", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Load_OfAnImageWithoutAName_HasItsId()
    {
        var image = Layout(_registry.Image("x", "one"), "org.opencontainers.image.ref.name", "latest");
        var id = ManifestContents.Read(image).Config!.Digest;
        _desk.Input = Tar();

        Assert.Equal(0, await _desk.RunAsync("nerdctl", "image", "load"));
        Assert.Equal($"Loaded image ID: {id}\n", _desk.Output);
        Assert.Equal(0, await _desk.RunAsync("docker", "tag", id, _registry.Host + "/team/app:1"));
        Assert.Equal(0, await _desk.RunAsync("docker", "push", _registry.Host + "/team/app:1"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Load_OfAnOldArchive_BecomesTheImageThatDockerWouldPush(bool areLayersCompressed)
    {
        var id = OldArchive(areLayersCompressed, "one", "two");
        _desk.Input = Tar();
        var name = _registry.Host + "/team/app:1";

        Assert.True(await _desk.RunAsync("docker", "load") == 0, _desk.Log);
        Assert.Equal("Loaded image: app:1\nLoaded image: app:latest\n", _desk.Output);
        Assert.Equal(0, await _desk.RunAsync("docker", "tag", "app", name));
        Assert.Equal(0, await _desk.RunAsync("docker", "push", name));

        var manifest = Manifest.Of(null, _registry.Content["team/app:1"]);
        var contents = ManifestContents.Read(manifest);
        Assert.Equal((id, Manifest.DockerManifest), (contents.Config!.Digest, manifest.MediaType));
        Assert.Equal(["one", "two", "one"], contents.Layers.Select(l => Unzip(_registry.Content["team/app@" + l.Digest])));
    }

    [Fact]
    public async Task Load_OfAnIndexThatIsNotAllThere_HasThePlatformsThatAre()
    {
        var (here, away) = (_registry.Image("x", "one"), _registry.Image("y", "arm"));
        Layout(_registry.Index("x", (here, "linux/amd64"), (away, "linux/arm64")), "io.containerd.image.name", "docker.io/library/app:1");
        _desk.Input = Tar();

        Assert.Equal(0, await _desk.RunAsync("docker", "load"));
        Assert.Equal(here.Digest, Store.Find("app:1")!.Digest);
        Assert.Equal(ImageExit.Failure, await _desk.RunAsync("docker", "load", "--platform", "linux/arm64"));
        Assert.Contains($"it lacks {away.Digest}", _desk.Log);
    }

    [Fact]
    public async Task Save_OfALoadedImage_IsTheSameImage()
    {
        var (amd, arm) = (_registry.Image("x", "one"), _registry.Image("x", "arm"));
        var index = Layout(_registry.Index("x", (amd, "linux/amd64"), (arm, "linux/arm64")), "io.containerd.image.name", "docker.io/library/app:1");
        _desk.Input = Tar();
        Assert.Equal(0, await _desk.RunAsync("docker", "load"));
        Assert.Equal(0, await _desk.RunAsync("docker", "tag", "app:1", "r.io/app:2"));

        Assert.True(await _desk.RunAsync("docker", "save", "-o", "saved.tar", "r.io/app:2") == 0, _desk.Log);
        Directory.Delete(Path.Combine(_desk.Folder, "state"), recursive: true);
        Assert.True(await _desk.RunAsync("docker", "load", "-i", "saved.tar") == 0, _desk.Log);

        var recipe = Store.All().Single();
        Assert.Equal((index.Digest, "r.io/app:2", ManifestContents.Read(amd).Config!.Digest), (recipe.Digest, recipe.Names.Single(), recipe.Id));
        Assert.Equal(0, await _desk.RunAsync("docker", "load", "--platform", "arm64", "-i", "saved.tar"));
        Assert.Equal(arm.Digest, Store.Find("r.io/app:2")!.Digest);
        Assert.Empty(Directory.EnumerateFiles(_desk.Folder, "*.part"));
    }

    [Theory]
    [InlineData("blob", "is something else")]
    [InlineData("missing", "it lacks sha256:")]
    [InlineData("parent", "the entry ../evil leads out of the archive")]
    [InlineData("root", "leads out of the archive")]
    [InlineData("link", "leads out of the archive")]
    [InlineData("linked", "in the image that was loaded is something else")]
    [InlineData("cut", "cannot be loaded")]
    [InlineData("empty", "it is empty")]
    [InlineData("text", "cannot be loaded")]
    [InlineData("xz", "decompress it first")]
    [InlineData("files", "has neither index.json nor manifest.json")]
    [InlineData("digest", "is nothing that a registry keeps")]
    [InlineData("diff", "and its configuration says sha256:")]
    [InlineData("layers", "it has 2 layers, and its configuration 3")]
    [InlineData("config", "the entry ../../etc/hostname leads out of the archive")]
    public async Task Load_OfADamagedArchive_SaysWhatIsWrongAndKeepsNothing(string damage, string expected)
    {
        _desk.Input = Damaged(damage);

        Assert.Equal(ImageExit.Failure, await _desk.RunAsync("docker", "load"));

        Assert.Contains(expected, _desk.Log);
        Assert.Empty(Store.All());
        Assert.False(File.Exists(Path.Combine(_desk.Folder, "state", "stdin", "evil")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_desk.Folder, "state", "stdin")));
    }

    [Fact]
    public async Task Load_OfAFileThatIsNotThere_SaysWhereItWasLookedFor()
    {
        Assert.Equal(ImageExit.Failure, await _desk.RunAsync("docker", "load", "-i", "none.tar"));
        Assert.Contains($"open none.tar: no such file or directory. It is looked for in {_desk.Folder}", _desk.Log);
    }

    private byte[] Damaged(string damage)
    {
        if (damage is "diff" or "layers" or "config")
        {
            OldArchive(false, "one", "two");
            _files["manifest.json"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(_files["manifest.json"]) switch
            {
                var text when damage == "layers" => text.Replace(",\"c/layer.tar\"", "", StringComparison.Ordinal),
                var text when damage == "config" => text.Replace("config.json", "../../etc/hostname", StringComparison.Ordinal),
                var text => text.Replace("\"a/layer.tar\"", "\"b/layer.tar\"", StringComparison.Ordinal),
            });
            return Tar();
        }

        var image = Layout(_registry.Image("x", "one"), "io.containerd.image.name", "docker.io/library/app:1");
        var layer = "blobs/" + ManifestContents.Read(image).Layers[0].Digest.Replace(':', '/');
        switch (damage)
        {
            case "blob": _files[layer] = "two"u8.ToArray(); break;
            case "missing": _files.Remove(layer); break;
            case "parent": _files["../evil"] = "x"u8.ToArray(); break;
            case "root": _files["/tmp/evil"] = "x"u8.ToArray(); break;
            case "link": _more.Add(new PaxTarEntry(TarEntryType.SymbolicLink, "a/layer.tar") { LinkName = "../../etc/hostname" }); break;
            case "linked": Linked(image); break;
            case "files": _files.Remove("index.json"); break;
            case "digest": _files["index.json"] = """{"manifests":[{"digest":"sha256:../../../etc/hostname","size":1}]}"""u8.ToArray(); break;
        }

        return damage switch
        {
            "empty" => [],
            "text" => Encoding.UTF8.GetBytes(new string('x', 2000)),
            "xz" => [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0],
            "cut" => Tar()[..1200],
            _ => Tar(),
        };
    }

    /// <summary>A blob as a link to another file is read, but not believed.</summary>
    private void Linked(Manifest image)
    {
        var manifest = "blobs/" + image.Digest.Replace(':', '/');
        _files["other"] = [.. _files[manifest], (byte)' '];
        _files.Remove(manifest);
        _more.Add(new PaxTarEntry(TarEntryType.HardLink, manifest) { LinkName = "other" });
    }

    /// <summary>An image of "x" with all that its repository has, as a layout.</summary>
    private Manifest Layout(Manifest image, string annotation, string name)
    {
        foreach (var (key, content) in _registry.Content.Where(c => c.Key.StartsWith("x@", StringComparison.Ordinal)))
        {
            _files["blobs/" + key[2..].Replace(':', '/')] = content;
        }

        _files["index.json"] = Encoding.UTF8.GetBytes($"{{\"schemaVersion\":2,\"manifests\":[{RegistryDouble.Json(image.MediaType, image.Content)[..^1]},\"annotations\":{{\"{annotation}\":\"{name}\"}}}}]}}");
        return image;
    }

    /// <summary>Of two layers, the first of which comes once more: as a link, as docker has it.</summary>
    private string OldArchive(bool areLayersCompressed, string one, string two)
    {
        string Diff(string text) => $"\"{RegistryDouble.DigestOf(Encoding.UTF8.GetBytes(text))}\"";
        _files["config.json"] = Encoding.UTF8.GetBytes($"{{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{{\"diff_ids\":[{Diff(one)},{Diff(two)},{Diff(one)}]}}}}");
        (_files["a/layer.tar"], _files["b/layer.tar"]) = areLayersCompressed ? (Zip(one), Zip(two)) : (Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(two));
        _more.Add(new PaxTarEntry(TarEntryType.SymbolicLink, "c/layer.tar") { LinkName = "../a/layer.tar" });
        _files["manifest.json"] = """[{"Config":"config.json","RepoTags":["app:1","app:latest"],"Layers":["a/layer.tar","b/layer.tar","c/layer.tar"]}]"""u8.ToArray();
        return RegistryDouble.DigestOf(_files["config.json"]);
    }

    private byte[] Tar()
    {
        using var buffer = new MemoryStream();
        using (var tar = new TarWriter(buffer, leaveOpen: true))
        {
            foreach (var entry in _more.Concat(_files.Select(f => new PaxTarEntry(TarEntryType.RegularFile, f.Key) { DataStream = new MemoryStream(f.Value) })))
            {
                tar.WriteEntry(entry);
            }
        }

        return buffer.ToArray();
    }

    private byte[] Compressed(string how)
    {
        using var buffer = new MemoryStream();
        using (var stream = how == "gzip" ? new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true) : how == "zstd" ? new ZstdSharp.CompressionStream(buffer, leaveOpen: true) : (Stream)new BufferedStream(buffer))
        {
            stream.Write(Tar());
            stream.Flush();
            return how == "plain" ? buffer.ToArray() : Closed(stream, buffer);
        }

        static byte[] Closed(Stream stream, MemoryStream buffer)
        {
            stream.Dispose();
            return buffer.ToArray();
        }
    }

    private static byte[] Zip(string text)
    {
        using var buffer = new MemoryStream();
        using (var zip = new GZipStream(buffer, CompressionLevel.Fastest))
        {
            zip.Write(Encoding.UTF8.GetBytes(text));
        }

        return buffer.ToArray();
    }

    private static string Unzip(byte[] content)
    {
        using var reader = new StreamReader(new GZipStream(new MemoryStream(content), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }
}
