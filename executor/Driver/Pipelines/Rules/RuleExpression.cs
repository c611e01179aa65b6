using System.Text.RegularExpressions;

namespace PodExecutor.Driver.Pipelines.Rules;

/// <summary>
/// The expression of "rules: if" (GitLab's Ci::Pipeline::Expression): == != =~ !~ bind before &amp;&amp;, that before ||. A variable by
/// itself is true if it is neither missing nor empty; a missing one equals null.
/// </summary>
internal abstract record RuleExpression
{
    /// <param name="variable">Gives a variable's expanded value, null if there is none.</param>
    public bool IsTrue(Func<string, string?> variable) => Truth(Value(variable));

    /// <exception cref="FormatException">It is no expression; the message says where.</exception>
    public static RuleExpression Parse(string text) => new RuleParser(RuleToken.Split(text)).Parse();

    protected internal abstract string? Value(Func<string, string?> variable);

    protected static bool Truth(string? value) => !string.IsNullOrEmpty(value);

    protected static string? Of(bool value) => value ? "true" : null;
}

internal sealed record RuleVariable(string Name) : RuleExpression
{
    protected internal override string? Value(Func<string, string?> variable) => variable(Name);
}

internal sealed record RuleText(string? Text) : RuleExpression
{
    protected internal override string? Value(Func<string, string?> variable) => Text;
}

internal sealed record RuleEquality(RuleExpression Left, RuleExpression Right, bool Negated) : RuleExpression
{
    protected internal override string? Value(Func<string, string?> variable) =>
        Of(string.Equals(Left.Value(variable), Right.Value(variable), StringComparison.Ordinal) != Negated);
}

internal sealed record RuleLogic(RuleExpression Left, RuleExpression Right, bool IsAnd) : RuleExpression
{
    protected internal override string? Value(Func<string, string?> variable) =>
        Of(IsAnd ? Left.IsTrue(variable) && Right.IsTrue(variable) : Left.IsTrue(variable) || Right.IsTrue(variable));
}

/// <summary>The right side is /pattern/flags, or a variable that holds one. The pattern may match anywhere, as in Ruby.</summary>
internal sealed record RuleMatch(RuleExpression Left, RuleExpression Right, bool Negated) : RuleExpression
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <exception cref="FormatException">The pattern is none.</exception>
    public static Regex Compile(string pattern)
    {
        var end = pattern.LastIndexOf('/');
        var options = RegexOptions.CultureInvariant | RegexOptions.Multiline;
        foreach (var flag in pattern[(end + 1)..])
        {
            options |= flag switch
            {
                'i' => RegexOptions.IgnoreCase,
                'm' => RegexOptions.Singleline,
                'x' => RegexOptions.IgnorePatternWhitespace,
                _ => throw new FormatException($"the flag \"{flag}\" of {pattern} is not one of i, m, x"),
            };
        }

        try
        {
            return new Regex(pattern[1..end].Replace("\\/", "/", StringComparison.Ordinal), options, Patience);
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"{pattern} is not a regular expression: {e.Message}", e);
        }
    }

    protected internal override string? Value(Func<string, string?> variable)
    {
        if (Left.Value(variable) is not { } text || Right.Value(variable) is not { Length: > 1 } pattern)
        {
            return Of(Negated);
        }

        // A right side without slashes is no pattern: GitLab then looks for the left text in it, and so do we.
        var found = pattern[0] == '/' && pattern.LastIndexOf('/') > 0
            ? Compile(pattern).IsMatch(text)
            : pattern.Contains(text, StringComparison.Ordinal);
        return Of(found != Negated);
    }
}
