using System.CommandLine;
using PodExecutor.Driver.Operations.Completion;

namespace PodExecutor.Tests.Unit.Operations;

public class ManualPageTests
{
    [Fact]
    public void Page_HasEveryVerbAndOptionButHiddenOnes()
    {
        var root = new RootCommand("root")
        {
            new Option<string>("--file-name") { HelpName = "FILE", Description = "A file\\path." },
            new Command("look", ".hidden files, too.") { new Argument<string[]>("PLACE") { Description = "Where." }, new Option<bool>("--all") { Description = "All." } },
            new Command("secret", "Not shown.") { Hidden = true },
        };

        var page = ManualPage.Of(root, "1.2.3+abc");

        Assert.StartsWith(".TH POD-EXECUTOR 1 \"\" \"pod-executor 1.2.3\" ", page);
        Assert.Contains("\n.TP\n\\fB\\-\\-file\\-name\\fR \\fIFILE\\fR\nA file\\epath.\n", page);
        Assert.Contains("\n.SS look [PLACE...]\n\\&.hidden files, too.\n.TP\n.I PLACE\nWhere.\n.TP\n\\fB\\-\\-all\\fR\nAll.\n", page);
        Assert.DoesNotContain("secret", page);
        Assert.DoesNotContain(page.Split('\n'), l => l.Length == 0 && !page.EndsWith(l, StringComparison.Ordinal));
    }
}
