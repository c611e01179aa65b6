using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>Daemons that ask wrongly, and files that change under the transfer.</summary>
public sealed class FileSyncFaultTests : FakeBuild
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Request_TwiceOrForAFolder_IsRefusedWithAnErrPacket(bool twice)
    {
        Project.Write("folder/file", "x");

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

    [Theory]
    [InlineData("printf x > \"$1/$(printf 'caf\\351')\"", "caf\uFFFD")]
    [InlineData("ln -s \"$(printf 'caf\\351')\" \"$1/link\"", "link")]
    public async Task Name_NotUtf8_IsRefusedByNameAndNeverSkipped(string make, string name)
    {
        await ShellAsync(make);

        var error = await RefusedAsync();

        Assert.EndsWith(name, error.Path, StringComparison.Ordinal);
        Assert.Contains("not UTF-8", error.Message, StringComparison.Ordinal);

        await PassedOverAsync(("exclude-patterns", name == "link" ? name : "caf?"));
        await ShellAsync("rm -r \"$1\"");   // .NET cannot delete such a file either
    }

    [Fact]
    public async Task Folder_NotUtf8AndLeftOut_IsRefusedOnlyIfSomethingBelowCouldBeWanted()
    {
        const string make = "mkdir \"$1/$(printf 'caf\\351')\" && printf x > \"$1/$(printf 'caf\\351')/keep\"";
        await ShellAsync(make);

        await PassedOverAsync(("include-patterns", "src"));
        await IsRefusedAsync(("include-patterns", "*/keep"));
        ExcludePatterns = ["caf?"];
        await PassedOverAsync();
        ExcludePatterns = ["caf?", "!src/*.go"];
        await PassedOverAsync();
        ExcludePatterns = ["caf?", "!**/keep"];
        await IsRefusedAsync();
        await ShellAsync("rm -r \"$1\"/caf* && printf x > \"$1/$(printf 'caf\\351')\"");   // nothing is below a file
        await PassedOverAsync();

        await ShellAsync("rm -r \"$1\"");
        async Task IsRefusedAsync(params (string Key, string Value)[] patterns)
        {
            var error = await RefusedAsync(patterns);
            Assert.EndsWith("caf\uFFFD", error.Path, StringComparison.Ordinal);
            Assert.Contains("may want something below it", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ErrPacket_OfTheDaemon_EndsTheCallNotTheSession()
    {
        Project.Write("file", "x");

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
        var path = Project.Write("file", "x");

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
        var path = Project.Write("file", "x");
        File.WriteAllText(Project.Out("outside"), "not of the context");

        var content = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            _ = await copy.ReadStatsAsync(call.Cancelled);
            File.Delete(path);
            File.CreateSymbolicLink(path, Project.Out("outside"));
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

    /// <summary>The daemon asks for the context and gets an error in the place of a name.</summary>
    private Task<LocalFileException> RefusedAsync(params (string Key, string Value)[] patterns) =>
        Assert.ThrowsAsync<LocalFileException>(() => SolveAsync<int>(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, [("dir-name", "context"), .. patterns]);
            do
            {
                Assert.True(await copy.ResponseStream.MoveNext(call.Cancelled));
            }
            while (copy.ResponseStream.Current is { Type: Packet.Types.PacketType.PacketStat, Stat: not null });

            Assert.Equal(Packet.Types.PacketType.PacketErr, copy.ResponseStream.Current.Type);
            throw new RpcException(new Status(StatusCode.Unknown, "the context did not come"));
        }));

    /// <summary>The daemon asks for the context and gets nothing, without an error.</summary>
    private Task<int> PassedOverAsync(params (string Key, string Value)[] patterns) => SolveAsync(async (session, call) =>
    {
        using var copy = session.DiffCopy(call.Cancelled, [("dir-name", "context"), .. patterns]);
        Assert.Empty(await copy.ReadStatsAsync(call.Cancelled));
        await copy.FinishAsync(call.Cancelled);
        return 0;
    });

    private async Task ShellAsync(string script)
    {
        using var shell = Process.Start("sh", ["-c", script, "sh", Project.Context]);
        await shell.WaitForExitAsync(Token);
        Assert.Equal(0, shell.ExitCode);
    }
}
