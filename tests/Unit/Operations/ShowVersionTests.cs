using PodExecutor.Driver.Operations;

namespace PodExecutor.Tests.Unit.Operations;

public class ShowVersionTests
{
    [Theory]
    [InlineData("0.1.0+d4794eedda811cb2a98fe88a08b44d155aafc928", "pod-executor 0.1.0, commit d4794eedda81, linux-x64")]
    [InlineData("0.1.0+abc", "pod-executor 0.1.0, commit abc, linux-x64")]
    [InlineData("0.1.0", "pod-executor 0.1.0, commit unknown, linux-x64")]
    public void Line_NamesVersionAndCommit(string version, string line) => Assert.Equal(line, ShowVersion.Line(version, "linux-x64"));
}
