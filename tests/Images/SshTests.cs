using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>--ssh: steps that use the keys of a real ssh-agent, which never leave it.</summary>
public sealed class SshTests
{
    /// <summary>Speaks to the socket as ssh does: asks for the first key, lets it sign a text, and prints "KEY SIGNATURE" as hex.</summary>
    private const string Step = """
        use IO::Socket::UNIX; $s = IO::Socket::UNIX->new($ENV{SSH_AUTH_SOCK}) or die "no agent: $!";
        sub ask { my $m = shift; syswrite $s, pack("N/a*", $m); my ($n, $d); sysread $s, $n, 4; $n = unpack "N", $n; while (length($d) < $n) { sysread($s, $d, $n - length($d), length($d)) or die } $d }
        my (undef, undef, $key) = unpack "C N N/a*", ask(pack "C", 11);
        my (undef, $signed) = unpack "C N/a*", ask(pack "C N/a* N/a* N", 13, $key, "to be signed", 2);
        my (undef, $signature) = unpack "N/a* N/a*", $signed;
        print unpack("H*", $key), " ", unpack("H*", $signature);
        """;

    [Theory]
    [InlineData("RUN --mount=type=ssh", "default")]
    [InlineData("RUN --mount=type=ssh,id=deploy,required=true", "deploy={socket}")]
    [InlineData("RUN --mount=type=ssh,id=file", "file={key}")]
    public async Task Step_WithAnAgent_SignsWithItsKey(string run, string ssh)
    {
        using var agent = await SshAgentProcess.StartAsync();
        using var project = new Project().Write("ask.pl", Step)
            .Write("Dockerfile", $"FROM {Testbed.Debian}\nCOPY ask.pl /\n{run} perl /ask.pl > /answer\nFROM scratch\nCOPY --from=0 /answer /\n");
        project.Variables["SSH_AUTH_SOCK"] = agent.Socket;

        await project.PassAsync("image-build", "--no-cache", "--ssh", ssh.Replace("{socket}", agent.Socket).Replace("{key}", agent.KeyFile), "-o", "out", ".");

        var answer = File.ReadAllText(project.At("out/answer")).Split(' ');
        Assert.Equal(agent.PublicKey, Convert.FromHexString(answer[0]));
        Assert.True(agent.Verifies("to be signed"u8, Convert.FromHexString(answer[1])));
    }

    [Fact]
    public async Task Step_WithoutTheFlag_HasNoAgent()
    {
        using var agent = await SshAgentProcess.StartAsync();
        using var project = new Project().Dockerfile("RUN --mount=type=ssh { [ -e \"$SSH_AUTH_SOCK\" ] || echo none; } > /answer", "FROM scratch", "COPY --from=0 /answer /");
        project.Variables["SSH_AUTH_SOCK"] = agent.Socket;

        await project.PassAsync("image-build", "-o", "out", ".");

        Assert.Equal("none\n", File.ReadAllText(project.At("out/answer")));
    }

    [Theory]
    [InlineData("SSH_AUTH_SOCK is not set", "default", null)]
    [InlineData("there is no agent at SSH_AUTH_SOCK", "default", "gone.sock")]
    [InlineData("the file does not exist", "default=missing", null)]
    public async Task Agent_ThatIsNotThere_IsSaid(string expected, string ssh, string? socket)
    {
        using var project = new Project().Dockerfile("RUN --mount=type=ssh,required=true true");
        if (socket is not null)
        {
            project.Variables["SSH_AUTH_SOCK"] = project.At(socket);
        }

        var result = await project.RunAsync("image-build", "--ssh", ssh, "--no-cache", ".");

        Assert.NotEqual(0, result.Code);
        Assert.Contains(expected, result.Log);
    }

    /// <summary>OpenSSH's own agent with one RSA key.</summary>
    private sealed class SshAgentProcess : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("ssh-").FullName;
        private Process? _agent;

        public string Socket => Path.Combine(_folder, "agent.sock");

        public string KeyFile => Path.Combine(_folder, "key");

        /// <summary>As ssh writes it: "ssh-rsa", exponent, modulus.</summary>
        public byte[] PublicKey => Convert.FromBase64String(File.ReadAllText(KeyFile + ".pub").Split(' ')[1]);

        public static async Task<SshAgentProcess> StartAsync()
        {
            var agent = new SshAgentProcess();
            agent._agent = Process.Start(new ProcessStartInfo("ssh-agent", ["-D", "-a", agent.Socket]) { RedirectStandardOutput = true })!;
            await RunAsync("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "of the test", "-f", agent.KeyFile);
            await Until.TrueAsync(() => File.Exists(agent.Socket), "the agent's socket");
            await RunAsync("env", "SSH_AUTH_SOCK=" + agent.Socket, "ssh-add", "-q", agent.KeyFile);
            return agent;
        }

        public bool Verifies(ReadOnlySpan<byte> text, byte[] signature)
        {
            ReadOnlySpan<byte> rest = PublicKey;
            Field(ref rest);
            var exponent = Field(ref rest);
            var modulus = Field(ref rest).TrimStart((byte)0);
            using var key = RSA.Create(new RSAParameters { Exponent = exponent.ToArray(), Modulus = modulus.ToArray() });
            return key.VerifyData(text, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }

        public void Dispose()
        {
            _agent?.Kill();
            _agent?.WaitForExit();
            _agent?.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private static ReadOnlySpan<byte> Field(ref ReadOnlySpan<byte> rest)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(rest);
            var field = rest.Slice(4, length);
            rest = rest[(4 + length)..];
            return field;
        }

        private static async Task RunAsync(string program, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, error);
        }
    }
}
