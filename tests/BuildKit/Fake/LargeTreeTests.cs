using Google.Protobuf;
using PodExecutor.BuildKit.FileSync.Disk;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>Folders and files beyond the ordinary: nothing waits for ever, and nothing is held in memory.</summary>
[Collection(nameof(Alone))]
public sealed class LargeTreeTests : FakeBuild
{
    [Fact]
    public async Task Files_AskedForAllAtOnce_ComeWhole()
    {
        const int count = 2000;
        for (var i = 0; i < count; i++)
        {
            Project.Write($"{i:0000}", new string((char)('a' + (i % 26)), i * 37 % 70_000));
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
            var folder = Directory.CreateDirectory(Path.Combine(Project.Context, $"folder-with-a-longer-name-{i:000}")).FullName;
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
        using (var file = File.OpenHandle(Path.Combine(Project.Context, "large"), FileMode.Create, FileAccess.ReadWrite))
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
        using (var file = File.OpenHandle(Path.Combine(Project.Context, "large"), FileMode.Create, FileAccess.ReadWrite))
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
}
