using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using PodExecutor.Link;
using PodExecutor.Link.Builders;

namespace PodExecutor.Tests.Images.Fixtures;

/// <summary>The published agent as the helper container's supervisor, told by a driver which builders to serve: the gateway as a job meets it.</summary>
internal sealed class HelperContainer : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("helper-").FullName;
    private readonly ByteString _key = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(LinkHandshake.KeySize));
    private readonly Process _supervisor;

    private HelperContainer(params string[] program) =>
        _supervisor = Process.Start(new ProcessStartInfo(program[0], [.. program[1..], "supervise", Path.Combine(_root, "state"), Path.Combine(_root, "tools")]))!;

    public int Pid => _supervisor.Id;

    private string Sockets => Path.Combine(_root, "tools", "builders");

    public string AnySocket => Path.Combine(Sockets, "buildkit.sock");

    /// <summary>What the build container's supervisor learns of builds without a builder; empty if there were none.</summary>
    public string AwayNote => Path.Combine(Sockets, "away") is var path && File.Exists(path) ? File.ReadAllText(path) : "";

    public static async Task<HelperContainer> StartAsync(BuildPolicy policy, params Builder[] builders)
    {
        var helper = new HelperContainer(Testbed.Agent);
        await helper.RunAsync(new BuilderSet { Policy = policy, Builders = { builders } }, "exit 0\n");
        return helper;
    }

    /// <summary>Runs a script by an agent that this machine does not run by itself.</summary>
    /// <returns>The script's output and exit code.</returns>
    public static async Task<(string Output, int Code)> ScriptAsync(string emulator, string agent, string script)
    {
        await using var helper = new HelperContainer(emulator, agent);
        return await helper.RunAsync(null, script);
    }

    public static Builder Plain(string name, string address = Testbed.Builder) => new() { Name = name, Address = address };

    /// <summary>The same daemon under an address that can die.</summary>
    public static MortalProxy Mortal() => new(IPAddress.Loopback, new IPEndPoint(IPAddress.Loopback, new Uri(Testbed.Builder).Port));

    /// <summary>The same daemon behind mutual TLS.</summary>
    public static Builder Tls(string name) => new()
    {
        Name = name,
        Address = $"tcp://127.0.0.1:{Testbed.TlsPort}",
        Authorities = Testbed.Pki("ca.crt"),
        Certificate = Testbed.Pki("client.crt"),
        Key = Testbed.Pki("client.key"),
        ServerName = "localhost",
    };

    /// <summary>What StageEnvironment gives the scripts of the build container.</summary>
    public void Serve(Project project)
    {
        project.Variables["POD_EXECUTOR_BUILDERS"] = Path.Combine(Sockets, "choose.sock");
        project.Variables["BUILDKIT_HOST"] = "unix://" + AnySocket;
    }

    public async ValueTask DisposeAsync()
    {
        _supervisor.Kill(entireProcessTree: true);
        await _supervisor.WaitForExitAsync();
        _supervisor.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private async Task<(string Output, int Code)> RunAsync(BuilderSet? set, string text)
    {
        var path = Path.Combine(_root, "state", "agent.sock");
        await Until.TrueAsync(() => File.Exists(path), "the supervisor's socket");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await using var stream = new NetworkStream(socket);
        using var writer = new FrameWriter<DriverFrame>(stream);
        using var reader = new FrameReader<AgentFrame>(stream, AgentFrame.Parser);
        var script = Encoding.UTF8.GetBytes(text);
        await writer.WriteAsync(new DriverFrame { FirstContact = new FirstContact { Key = _key } }, TestContext.Current.CancellationToken);
        await writer.WriteAsync(
            new DriverFrame
            {
                Open = new Open
                {
                    Protocol = LinkProtocol.Version,
                    RunId = "prepare",
                    Stage = "prepare_script",
                    ScriptSize = (ulong)script.Length,
                    ScriptSha256 = ByteString.CopyFrom(SHA256.HashData(script)),
                    WorkingDirectory = "/",
                    Builders = set,
                },
            },
            TestContext.Current.CancellationToken);
        await writer.WriteAsync(new DriverFrame { Script = new Script { Data = ByteString.CopyFrom(script) } }, TestContext.Current.CancellationToken);
        var output = new StringBuilder();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken) is { } frame)
        {
            Assert.True(frame.Refused is null, frame.Refused?.Detail);
            if (frame.Ended is { } ended)
            {
                return (output.ToString(), ended.ExitCode);
            }

            output.Append(frame.Output?.Data.ToStringUtf8());
        }

        throw new InvalidOperationException("the agent has hung up before the script's end");
    }
}
