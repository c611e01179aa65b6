using Google.Protobuf;
using Grpc.Core;
using PodExecutor.BuildKit.FileSync.Disk;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.BuildKit.Wire.FileSync;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>The sending of folders, where a real daemon would not do what the tests need.</summary>
public sealed class FileSyncTests : IAsyncDisposable
{
    private readonly FakeDaemon _daemon = new();

    private readonly Project _project = new(root: "/dev/shm");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        _project.Dispose();
    }

    [Fact]
    public async Task Session_AsTheDaemonSeesIt_HasEachMethodInAFieldOfItsOwn()
    {
        var session = await SolveAsync((session, _) => Task.FromResult(session));

        Assert.Contains("/moby.filesync.v1.FileSync/DiffCopy", session.Methods);
        Assert.Contains("/moby.filesync.v1.FileSend/DiffCopy", session.Methods);
        Assert.DoesNotContain(session.Methods, method => method.Contains(',', StringComparison.Ordinal));
        Assert.DoesNotContain(':', session.Id);
        Assert.NotEqual("", session.SharedKey);
    }

    [Fact]
    public async Task Tree_IsToldInTheOrderOfItsBytes()
    {
        foreach (var name in new[] { "foo/x", "foo-bar", "foo.txt", "private-\uE000", "private-\U0001F600", "private-\uFFFD" })
        {
            _project.Write(name, "");
        }

        var paths = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            var stats = await copy.ReadStatsAsync(call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return stats.Select(stat => stat.Path).ToArray();
        });

        Assert.Equal(["foo", "foo/x", "foo-bar", "foo.txt", "private-\uE000", "private-\uFFFD", "private-\U0001F600"], paths);
    }

    [Fact]
    public async Task Stat_OfAFile_HasNanosecondsAndGoModesAndRoot()
    {
        var path = _project.Write("file", "12345");
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddTicks(12_345_678_901_234_567));
        File.SetUnixFileMode(path, (UnixFileMode)0b100_110_100_000);   // 04640
        Directory.CreateDirectory(Path.Combine(_project.Context, "dir"));
        File.CreateSymbolicLink(Path.Combine(_project.Context, "link"), "file");

        var stats = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            var stats = await copy.ReadStatsAsync(call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return stats.ToDictionary(stat => stat.Path);
        });

        Assert.Equal(1_234_567_890_123_456_700, stats["file"].ModTime);
        Assert.Equal((1u << 23) | 0x1a0u, stats["file"].Mode);
        Assert.Equal((5, 0u, 0u), (stats["file"].Size, stats["file"].Uid, stats["file"].Gid));
        Assert.Equal(1u << 31, stats["dir"].Mode & GoFileMode.TypeMask);
        Assert.Equal(("file", 1u << 27), (stats["link"].Linkname, stats["link"].Mode & GoFileMode.TypeMask));
    }

    /// <summary>What the daemon compares by: without the nanoseconds it would keep the old content.</summary>
    [Fact]
    public async Task Stat_OfAFileChangedWithinTheSameSecond_Differs()
    {
        var path = _project.Write("file", "old");
        var times = new List<long>();
        foreach (var ticks in new[] { 1L, 2L })
        {
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddDays(1).AddTicks(ticks));
            await SolveAsync(async (session, call) =>
            {
                using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
                times.Add((await copy.ReadStatsAsync(call.Cancelled)).Single().ModTime);
                await copy.FinishAsync(call.Cancelled);
                return true;
            });
        }

        Assert.Equal(100, times[1] - times[0]);
    }

    [Fact]
    public async Task HardLinks_WhoseFirstNameIsExcluded_AreLedByTheNext()
    {
        var first = _project.Write("a", "content");
        foreach (var name in new[] { "b", "c" })
        {
            System.Diagnostics.Process.Start("ln", [first, Path.Combine(_project.Context, name)]).WaitForExit();
        }

        var (stats, content) = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"), ("exclude-patterns", "a"));
            var stats = await copy.ReadStatsAsync(call.Cancelled);
            var content = await copy.ReadFileAsync(0, call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return (stats, content);
        });

        Assert.Equal([("b", ""), ("c", "b")], stats.Select(stat => (stat.Path, stat.Linkname)));
        Assert.Equal("content"u8.ToArray(), content);
    }

    [Fact]
    public async Task Patterns_InTheirEncodedForm_AreRead()
    {
        _project.Write("grün/+ %", "1");
        _project.Write("rot/x", "2");

        var paths = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(
                call.Cancelled, ("dir-name", "context"), ("include-patterns", "gr%C3%BCn%2F%2B+%25"), ("include-patterns-encoded", "1"));
            var stats = await copy.ReadStatsAsync(call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return stats.Select(stat => stat.Path).ToArray();
        });

        Assert.Equal(["grün", "grün/+ %"], paths);
    }

    [Fact]
    public async Task Files_AskedForAllAtOnce_ComeWhole()
    {
        const int count = 2000;
        for (var i = 0; i < count; i++)
        {
            _project.Write($"{i:0000}", new string((char)('a' + (i % 26)), i * 37 % 70_000));
        }

        var sizes = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            Assert.Equal(count, (await copy.ReadStatsAsync(call.Cancelled)).Count);
            // all requests before the first byte is read: both sides must not wait for each other
            for (var i = 0; i < count; i++)
            {
                await copy.RequestStream.WriteAsync(SentTree.Request(i), call.Cancelled);
            }

            var sizes = new long[count];
            for (var ended = 0; ended < count;)
            {
                Assert.True(await copy.ResponseStream.MoveNext(call.Cancelled));
                var packet = copy.ResponseStream.Current;
                ended += packet.Data.IsEmpty ? 1 : 0;
                Assert.True(packet.Data.Span.IndexOfAnyExcept((byte)('a' + (packet.Id % 26))) < 0);
                sizes[packet.Id] += packet.Data.Length;
            }

            await copy.FinishAsync(call.Cancelled);
            return sizes;
        });

        Assert.Equal(Enumerable.Range(0, count).Select(i => (long)(i * 37 % 70_000)), sizes);
    }

    [Fact]
    public async Task Tree_OfTwoHundredThousandFiles_TakesLittleMemory()
    {
        const int folders = 400, filesEach = 500;
        for (var i = 0; i < folders; i++)
        {
            var folder = Directory.CreateDirectory(Path.Combine(_project.Context, $"folder-with-a-longer-name-{i:000}")).FullName;
            for (var j = 0; j < filesEach; j++)
            {
                File.OpenHandle(Path.Combine(folder, $"some-source-file-{j:000}.cs"), FileMode.Create, FileAccess.Write).Dispose();
            }
        }

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (count, memory) = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            var count = 0;
            var last = "";
            while (await copy.ResponseStream.MoveNext(call.Cancelled) && copy.ResponseStream.Current.Stat is { } stat)
            {
                count++;
                Assert.True(DirectoryNames.CompareByUtf8(last.Replace('/', '\0'), stat.Path.Replace('/', '\0')) < 0, $"{last} came before {stat.Path}");
                last = stat.Path;
            }

            var memory = GC.GetTotalMemory(forceFullCollection: true);
            Assert.Empty(await copy.ReadFileAsync(count - 1, call.Cancelled));
            await copy.FinishAsync(call.Cancelled);
            return (count, memory);
        });

        Assert.Equal(folders * (filesEach + 1), count);
        Assert.InRange(memory - before, long.MinValue, 40_000_000);
    }

    [Fact]
    public async Task File_OfFiveGigabytes_ComesWhole()
    {
        const long size = 5L << 30;
        using (var file = File.OpenHandle(Path.Combine(_project.Context, "large"), FileMode.Create, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, size);
            RandomAccess.Write(file, "end"u8, size - 3);
        }

        var (told, sent, tail) = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            var told = (await copy.ReadStatsAsync(call.Cancelled)).Single().Size;
            await copy.RequestStream.WriteAsync(SentTree.Request(0), call.Cancelled);
            var (sent, tail) = (0L, ByteString.Empty);
            while (await copy.ResponseStream.MoveNext(call.Cancelled) && !copy.ResponseStream.Current.Data.IsEmpty)
            {
                tail = copy.ResponseStream.Current.Data;
                sent += tail.Length;
            }

            await copy.FinishAsync(call.Cancelled);
            return (told, sent, tail);
        });

        Assert.Equal((size, size), (told, sent));
        Assert.Equal("end", tail.ToStringUtf8()[^3..]);
    }

    [Fact]
    public async Task Reader_ThatIsSlow_MakesTheClientWait()
    {
        const int size = 200_000_000;
        using (var file = File.OpenHandle(Path.Combine(_project.Context, "large"), FileMode.Create, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, size);
        }

        var (held, sent) = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            _ = await copy.ReadStatsAsync(call.Cancelled);
            var before = BytesRead();
            await copy.RequestStream.WriteAsync(SentTree.Request(0), call.Cancelled);
            Assert.True(await copy.ResponseStream.MoveNext(call.Cancelled));
            // until it stands still: every buffer on the way is full (looking costs some bytes itself)
            var (last, same) = (0L, 0);
            while (same < 20)
            {
                var now = BytesRead();
                same = now - last < 8192 ? same + 1 : 0;
                last = now;
                await Task.Run(GC.Collect, call.Cancelled);
            }

            long sent = copy.ResponseStream.Current.Data.Length;
            while (await copy.ResponseStream.MoveNext(call.Cancelled) && !copy.ResponseStream.Current.Data.IsEmpty)
            {
                sent += copy.ResponseStream.Current.Data.Length;
            }

            await copy.FinishAsync(call.Cancelled);
            return (last - before, sent);
        });

        Assert.InRange(held, 1, size / 3);
        Assert.Equal(size, sent);

        // what this process has read by system calls, files and all
        static long BytesRead() => long.Parse(File.ReadLines("/proc/self/io").First().Split(' ')[1]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Request_TwiceOrForAFolder_IsRefusedWithAnErrPacket(bool twice)
    {
        _project.Write("folder/file", "x");

        var error = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            _ = await copy.ReadStatsAsync(call.Cancelled);
            if (twice)
            {
                _ = await copy.ReadFileAsync(1, call.Cancelled);
            }

            await copy.RequestStream.WriteAsync(SentTree.Request(twice ? 1 : 0), call.Cancelled);
            Assert.True(await copy.ResponseStream.MoveNext(call.Cancelled));
            Assert.Equal(Packet.Types.PacketType.PacketErr, copy.ResponseStream.Current.Type);
            return await Assert.ThrowsAsync<RpcException>(() => copy.ResponseStream.MoveNext(call.Cancelled));
        });

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task ErrPacket_OfTheDaemon_EndsTheCallNotTheSession()
    {
        _project.Write("file", "x");

        var (error, again) = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            _ = await copy.ReadStatsAsync(call.Cancelled);
            await copy.RequestStream.WriteAsync(new Packet { Type = Packet.Types.PacketType.PacketErr, Data = ByteString.CopyFromUtf8("disk full") }, call.Cancelled);
            var error = await Assert.ThrowsAsync<RpcException>(async () =>
            {
                while (await copy.ResponseStream.MoveNext(call.Cancelled))
                {
                }
            });
            using var second = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            var stats = await second.ReadStatsAsync(call.Cancelled);
            await second.FinishAsync(call.Cancelled);
            return (error, stats.Count);
        });

        Assert.Contains("disk full", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(1, again);
    }

    [Fact]
    public async Task File_ThatGoesBeforeItIsAskedFor_IsEmpty()
    {
        var path = _project.Write("file", "x");

        var content = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            _ = await copy.ReadStatsAsync(call.Cancelled);
            File.Delete(path);
            var content = await copy.ReadFileAsync(0, call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return content;
        });

        Assert.Empty(content);
    }

    /// <summary>What is told as a file must not lead anywhere else when it is opened.</summary>
    [Fact]
    public async Task File_ThatBecomesALink_IsNotFollowed()
    {
        var path = _project.Write("file", "x");
        File.WriteAllText(_project.Out("outside"), "not of the context");

        var content = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            _ = await copy.ReadStatsAsync(call.Cancelled);
            File.Delete(path);
            File.CreateSymbolicLink(path, _project.Out("outside"));
            var content = await copy.ReadFileAsync(0, call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return content;
        });

        Assert.Empty(content);
    }

    [Fact]
    public async Task Folder_ThatTheBuildWasNotGiven_IsRefused()
    {
        var error = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "etc"));
            return await Assert.ThrowsAsync<RpcException>(() => copy.ResponseStream.MoveNext(call.Cancelled));
        });

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    private async Task<T> SolveAsync<T>(Func<FakeSession, SolveCall, Task<T>> build)
    {
        T? result = default;
        _daemon.OnSolve = async (session, call) =>
        {
            result = await build(session, call);
            return new SolveResponse();
        };
        await using var client = _daemon.Connect();
        await client.SolveAsync(_project.Request(), cancellation: Token);
        return result!;
    }
}
