using System.Diagnostics;

namespace PodExecutor.Tests.Contract.Fakes;

/// <summary>A real supervisor as a plain process of this machine: what a container would run.</summary>
internal sealed class LocalAgent : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("agent-").FullName;
    private readonly Process _supervisor;

    public LocalAgent()
    {
        // As in the helper image; the supervisor puts the tools' bin onto the PATH.
        Directory.CreateDirectory(Path.Combine(_state, "bin"));
        var runner = Path.Combine(_state, "bin", "gitlab-runner");
        File.WriteAllText(runner, $"#!/bin/sh\nexec {Published.Agent} gitlab-runner \"$@\"\n");
        File.SetUnixFileMode(runner, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _supervisor = Process.Start(new ProcessStartInfo(Published.Agent, ["supervise", _state, _state]))!;
    }

    public string StateDirectory => _state;

    /// <summary>Descriptors that the supervisor has open.</summary>
    public int Descriptors => Directory.GetFiles($"/proc/{_supervisor.Id}/fd").Length;

    /// <summary>What the kubelet starts for an exec: stdin and stdout are the link.</summary>
    public Process Link() => Start("link", Path.Combine(_state, "agent.sock"));

    /// <summary>Another command of the agent.</summary>
    public static Process Start(params IEnumerable<string> arguments) => Process.Start(new ProcessStartInfo(Published.Agent, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    public void Dispose()
    {
        _supervisor.Kill(entireProcessTree: true);
        _supervisor.WaitForExit();
        _supervisor.Dispose();
        Directory.Delete(_state, recursive: true);
    }
}
