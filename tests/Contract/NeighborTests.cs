using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>What a container that shares the pod's network can do to the agent's port: a service, or a process that the script left.</summary>
public sealed class NeighborTests
{
    private const int HelloSize = 36;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Scan_OfThePort_HearsNothing()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        var port = await PortAsync(cluster, session);

        foreach (var probe in new[] { "GET / HTTP/1.0\r\n\r\n"u8.ToArray(), [0, 0, 0, 2, 8, 1], RandomNumberGenerator.GetBytes(HelloSize) })
        {
            Assert.Empty(await AnswerAsync(port, probe));
        }
    }

    [Fact]
    public async Task Greeting_WithoutTheKey_GetsAChallengeAndNothingElse()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        var port = await PortAsync(cluster, session);
        byte[] hello = [0x50, 0x58, 0x4C, 0x33, .. RandomNumberGenerator.GetBytes(32)];

        var answer = await AnswerAsync(port, [.. hello, .. RandomNumberGenerator.GetBytes(32)]);

        Assert.Equal(64, answer.Length);
    }

    [Fact]
    public async Task Recording_OfADriver_IsWorthNothing()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        var port = await PortAsync(cluster, session);
        using var wiretap = new Wiretap(port);
        cluster.Impostor = wiretap.Port;
        var marker = Path.Combine(job.Folder, "runs");
        var run = await session.RunAsync("build_script", $"echo run >> {marker}", Token);
        Assert.True(run.ExitCode == 0, job.Log);
        var recorded = wiretap.Recorded;
        Assert.True(recorded.Length > HelloSize);

        var answer = await AnswerAsync(port, recorded);

        Assert.Equal(64, answer.Length);
        Assert.Equal("run\n", await File.ReadAllTextAsync(marker, Token));
        Assert.Equal(-1, recorded.AsSpan().IndexOf("echo run"u8));
    }

    [Fact]
    public async Task Listener_InPlaceOfTheAgent_LearnsNothingAndHoldsNothingUp()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        await PortAsync(cluster, session);
        using var impostor = new Wiretap(null);
        cluster.Impostor = impostor.Port;

        var run = await session.RunAsync("build_script", "echo the secret", Token);

        Assert.Equal((0, "the secret\n"), (run.ExitCode, run.Stdout.Text));
        Assert.Equal(HelloSize, impostor.Recorded.Length);
    }

    [Fact]
    public async Task Connections_HalfOpenByTheThousand_CostNeitherDescriptorsNorTheJob()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        var port = await PortAsync(cluster, session);
        var connections = new List<Socket>();
        try
        {
            for (var i = 0; i < 3000; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                connections.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, port, Token);
            }

            var run = await session.RunAsync("build_script", "echo still here", Token);

            Assert.Equal((0, "still here\n"), (run.ExitCode, run.Stdout.Text));
            Assert.InRange(cluster.Agent("build").Descriptors, 1, 200);
        }
        finally
        {
            connections.ForEach(c => c.Dispose());
        }
    }

    [Fact]
    public async Task Port_IsOpenOnBothLoopbackAddresses()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        var port = await PortAsync(cluster, session);

        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback }.Where(a => a.AddressFamily == AddressFamily.InterNetwork || Socket.OSSupportsIPv6))
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, port, Token);
        }

        Assert.InRange(port, 61000, 65535);
    }

    /// <summary>The loopback port of the build container's agent.</summary>
    private static async Task<int> PortAsync(FakeCluster cluster, RunnerSession session)
    {
        await session.RunAsync("build_script", "true", Token);
        await session.RunAsync("build_script", "true", Token);
        return cluster.ForwardedPorts.Last();
    }

    private static async Task<byte[]> AnswerAsync(int port, byte[] probe)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, Token);
        await using var stream = new NetworkStream(socket);
        var answer = new MemoryStream();
        try
        {
            await stream.WriteAsync(probe, Token);
            socket.Shutdown(SocketShutdown.Send);
            await stream.CopyToAsync(answer, Token).WaitAsync(Until.Patience, Token);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The agent has reset the connection.
        }

        return answer.ToArray();
    }
}
