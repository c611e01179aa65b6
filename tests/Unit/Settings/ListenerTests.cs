using PodExecutor.Agent.Relay;

namespace PodExecutor.Tests.Unit.Settings;

/// <summary>What the agent sees of the services.</summary>
public sealed class ListenerTests
{
    [Fact]
    public void Table_OfTheKernel_ShowsTheListeningPorts()
    {
        string[] table =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 1 1 0000000000000000 100 0 0 10 0",
            "   1: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   999        0 2 1 0000000000000000 100 0 0 10 0",
            "   2: 0100007F:1538 0100007F:D431 01 00000000:00000000 00:00000000 00000000   999        0 3 1 0000000000000000 100 0 0 10 0",
            "",
        ];

        Assert.Equal([5432, 3306], AwaitPortsCommand.Listeners(table));
    }

    [Fact]
    public void Table_OfIPv6_ShowsTheListeningPorts() => Assert.Equal([6379], AwaitPortsCommand.Listeners(
        ["header", "   0: 00000000000000000000000000000000:18EB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1"]));
}
