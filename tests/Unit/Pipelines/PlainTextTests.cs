using System.Text;
using PodExecutor.Driver.Pipelines.Display;

namespace PodExecutor.Tests.Unit.Pipelines;

public class PlainTextTests
{
    [Theory]
    [InlineData("plain ☕", "plain ☕", "plain ☕")]
    [InlineData("\e[32;1mgreen\e[0;m!", "green!", "\e[32;1mgreen\e[0;m!")]
    [InlineData("\e[0K\e[36;1mhead", "head", "\e[36;1mhead")]
    [InlineData("a\eXb", "a\eXb", "a\eXb")]
    public void Log_WrittenByteByByte_LosesOnlyItsEscapes(string text, string plain, string colored)
    {
        Assert.Equal(plain, Pass(text, color: false));
        Assert.Equal(colored, Pass(text, color: true));
    }

    private static string Pass(string text, bool color)
    {
        using var output = new MemoryStream();
        using var filter = new PlainText(output, color);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            filter.Write([b]);
        }

        return Encoding.UTF8.GetString(output.ToArray());
    }
}
