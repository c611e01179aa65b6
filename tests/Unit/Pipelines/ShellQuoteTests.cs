using System.Diagnostics;
using PodExecutor.Driver.Pipelines.Scripts;

namespace PodExecutor.Tests.Unit.Pipelines;

public class ShellQuoteTests
{
    public static TheoryData<string, string> Shells()
    {
        var texts = new[] { "plain", "", " ", "a b", "it's", "$HOME `id` $(id) \"", "tab\tnl\ncr\rend", "back\\slash\\n", "café ☕", "*?[a]{b,c}", "!x;&|<>#~%^=+:", "\e[32;1m", "trailing\n" };
        var data = new TheoryData<string, string>();
        foreach (var text in texts)
        {
            data.Add("bash", text);
            data.Add("busybox", text);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Shells))]
    public async Task Quote_ReadByARealShell_IsTheSameText(string shell, string text)
    {
        string[] arguments = shell == "busybox" ? ["sh", "-c"] : ["-c"];
        var info = new ProcessStartInfo(shell, [.. arguments, $"printf '%s' {ShellQuote.Quote(text)}"]) { RedirectStandardOutput = true };
        using var process = Process.Start(info)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(text, output);
    }

    [Theory]
    [InlineData("group@example.invalid", "group@example.invalid")]
    [InlineData("18.4.0-ee", "18.4.0-ee")]
    [InlineData("", "''")]
    [InlineData("[]", "$'[]'")]
    [InlineData("127.0.0.1:8929", "$'127.0.0.1:8929'")]
    [InlineData("\e[0;m", "$'\\x1b[0;m'")]
    public void Quote_RecordedValue_IsWrittenAsTheRunnerDoes(string text, string expected) => Assert.Equal(expected, ShellQuote.Quote(text));
}
