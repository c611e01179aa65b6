using PodExecutor.Driver.Pipelines.Rules;

namespace PodExecutor.Tests.Unit.Pipelines;

public class RuleExpressionTests
{
    [Theory]
    [InlineData("$BRANCH", true)]
    [InlineData("$EMPTY", false)]
    [InlineData("$MISSING", false)]
    [InlineData("$BRANCH == \"main\"", true)]
    [InlineData("$BRANCH == 'main'", true)]
    [InlineData("${BRANCH} == 'main'", true)]
    [InlineData("$BRANCH != 'main'", false)]
    [InlineData("$MISSING == null", true)]
    [InlineData("$EMPTY == null", false)]
    [InlineData("$EMPTY == \"\"", true)]
    [InlineData("$BRANCH =~ /^ma/", true)]
    [InlineData("$BRANCH =~ /^MA/", false)]
    [InlineData("$BRANCH =~ /^MA/i", true)]
    [InlineData("$BRANCH !~ /^release/", true)]
    [InlineData("$BRANCH =~ $PATTERN", true)]
    [InlineData("$PATH_LIKE =~ /a\\/b/", true)]
    [InlineData("$MISSING =~ /x/", false)]
    [InlineData("$MISSING !~ /x/", true)]
    [InlineData("$EMPTY && $BRANCH || $BRANCH", true)]
    [InlineData("$EMPTY && ($BRANCH || $BRANCH)", false)]
    [InlineData("$BRANCH || $EMPTY && $EMPTY", true)]
    [InlineData("$BRANCH == \"x\" || $TAG == 'v1' && $BRANCH =~ /main/", true)]
    public void Expression_Evaluated_IsGitLabsAnswer(string text, bool expected)
    {
        var variables = new Dictionary<string, string>
        { ["BRANCH"] = "main", ["EMPTY"] = "", ["TAG"] = "v1", ["PATTERN"] = "/^m.*n$/", ["PATH_LIKE"] = "x/a/b" };

        Assert.Equal(expected, RuleExpression.Parse(text).IsTrue(variables.GetValueOrDefault));
    }

    [Theory]
    [InlineData("$A ==", "it ends where")]
    [InlineData("($A", "\")\" is expected")]
    [InlineData("$A == \"x", "is not closed")]
    [InlineData("$A =~ /x", "is not closed")]
    [InlineData("$A =~ /[/", "not a regular expression")]
    [InlineData("$A =~ /x/q", "flag \"q\"")]
    [InlineData("$A % 2", "\"%\" at position 4")]
    [InlineData("$", "not followed by a name")]
    [InlineData("$A $B", "the end is expected")]
    public void Expression_Malformed_SaysWhatAndWhere(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => RuleExpression.Parse(text)).Message);
}
