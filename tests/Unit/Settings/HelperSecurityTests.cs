using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Tests.Unit.Settings;

/// <summary>The helper runs scripts as the user of the job's image: dropping capabilities must not take that from it.</summary>
public class HelperSecurityTests
{
    [Theory]
    [InlineData("ALL", "ALL NET_RAW", "CHOWN KILL SETGID SETUID")]
    [InlineData("MKNOD SETUID CHOWN", "MKNOD NET_RAW", "")]
    [InlineData("", "NET_RAW", "")]
    public void CapDrop_HelperThatIsRoot_KeepsWhatASwitchOfUsersNeeds(string dropped, string drop, string add)
    {
        var context = PodSecurity.OfHelper(new SecurityOptions { CapDrop = Words(dropped) });

        Assert.Equal(Words(drop), context.Capabilities.Drop);
        Assert.Equal(Words(add), context.Capabilities.Add ?? []);
    }

    [Theory]
    [InlineData(1000L, null, null)]
    [InlineData(null, 1000L, null)]
    [InlineData(null, null, true)]
    public void CapDrop_HelperThatIsNotRoot_IsAsTheOperatorSays(long? ownUser, long? podUser, bool? nonRoot)
    {
        var options = new SecurityOptions
        {
            CapDrop = ["ALL"],
            Pod = new PodSecurityOptions { RunAsUser = podUser, RunAsNonRoot = nonRoot },
            Helper = new ContainerSecurityOptions { RunAsUser = ownUser },
        };

        var context = PodSecurity.OfHelper(options);

        Assert.Equal(["ALL", "NET_RAW"], context.Capabilities.Drop);
        Assert.Null(context.Capabilities.Add);
    }

    [Fact]
    public void CapDrop_OtherContainers_LoseAll()
    {
        var options = new SecurityOptions { CapDrop = ["ALL"] };

        Assert.Null(PodSecurity.OfContainer(options, options.Build, null, false).Capabilities.Add);
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
