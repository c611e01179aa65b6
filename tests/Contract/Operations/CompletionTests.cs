using System.Diagnostics;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract.Operations;

/// <summary>The completion script in a real bash, and the version line, of the published binary.</summary>
public class CompletionTests
{
    [Theory]
    [InlineData("pod-executor ", "doctor gc migrate rbac try")]
    [InlineData("pod-executor do", "doctor")]
    [InlineData("pod-executor doctor --runner", "--runner-config")]
    [InlineData("pod-executor completion ", "bash fish zsh")]
    public async Task Bash_CompletesOurWords(string line, string words)
    {
        var script = $$"""
            source <("$0" completion bash)
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}}
            COMP_WORDS=("$0" {{line["pod-executor".Length..]}})
            [ "${COMP_LINE: -1}" != ' ' ] || COMP_WORDS+=('')
            COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
            _pod_executor
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-c", script, Published.Driver]) { RedirectStandardOutput = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var output = await bash.StandardOutput.ReadToEndAsync(deadline.Token);
        await bash.WaitForExitAsync(deadline.Token);

        Assert.Equal(0, bash.ExitCode);
        Assert.Subset(output.Split('\n').ToHashSet(), words.Split(' ').ToHashSet());
    }

    [Fact]
    public async Task Version_NamesTheCommit()
    {
        var (code, stdout, _) = await Operator.RunAsync("--version");

        Assert.Equal(0, code);
        Assert.Matches(@"^pod-executor \d+\.\d+\.\d+\S*, commit ([0-9a-f]{12}|unknown), linux-x64\n$", stdout);
    }
}
