using PodExecutor.Agent.Native;
using PodExecutor.Agent.Relay;
using PodExecutor.Agent.Supervisor;

namespace PodExecutor.Tests.Unit.Core.Supervisor;

public sealed class UserSwitchTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1000, "", "1000")]
    [InlineData(1000, "0 2000 3000", "1000 2000 3000")]
    [InlineData(2000, "2000 3000 0", "2000 3000")]
    [InlineData(0, "0 3000", "0 3000")]
    public void GroupsOf_AgentThatIsRoot_AreThePodsAndTheUsersOwn(uint gid, string agents, string expected)
    {
        var groups = SwitchUserCommand.GroupsOf(gid, agentGid: 0, Numbers(agents));

        Assert.Equal(Numbers(expected), groups);
    }

    [Theory]
    [InlineData("000001ffffffffff", "")]
    [InlineData("00000000a80425fb", "")]
    [InlineData("0000000000000000", "CHOWN KILL SETGID SETUID")]
    [InlineData("00000000000000e1", "")]
    [InlineData("0000000000000061", "SETUID")]
    public void Missing_EffectiveCapabilities_AreThoseThatASwitchNeeds(string effective, string missing) =>
        Assert.Equal(missing, string.Join(' ', Capabilities.Missing(["CapPrm:\t0", $"CapEff:\t{effective}", "CapBnd:\tff"])));

    [Fact]
    public void Own_LinkInPlaceOfTheFile_IsNotFollowed()
    {
        Assert.SkipUnless(Libc.GetUid() == 0, "needs root");
        _directory.Write("precious", "x");
        File.CreateSymbolicLink(_directory.At("script"), _directory.At("precious"));

        new Identity(1000, 1001).Own(_directory.At("script"));

        Assert.Equal((0u, 0u), Owner(_directory.At("precious")));
    }

    [Fact]
    public void Own_FileIsGone_Fails()
    {
        Assert.SkipUnless(Libc.GetUid() == 0, "needs root");

        var e = Assert.Throws<IOException>(() => new Identity(1000, 1001).Own(_directory.At("script")));

        Assert.Contains("cannot be given to user 1000", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ForAnotherUser_IsThatUsersAlone()
    {
        Assert.SkipUnless(Libc.GetUid() == 0, "needs root");
        var path = _directory.At("state/script");

        StateEntry.Write(path, "echo"u8, new Identity(1000, 1001));

        Assert.Equal((1000u, 1001u), Owner(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    private static uint[] Numbers(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(uint.Parse)];

    private static unsafe (uint, uint) Owner(string path)
    {
        var buffer = stackalloc byte[FileStat.Length];
        Assert.Equal(0, Libc.Statx(-100, path, 0, FileStat.Wanted, buffer));
        var stat = FileStat.Read(buffer);
        return (stat.Uid, stat.Gid);
    }
}
