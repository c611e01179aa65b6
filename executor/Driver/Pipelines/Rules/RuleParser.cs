namespace PodExecutor.Driver.Pipelines.Rules;

/// <summary>Recursive descent: or → and → comparison → operand.</summary>
internal sealed class RuleParser(IReadOnlyList<RuleToken> tokens)
{
    // Parentheses deeper than anybody writes; keeps a wrong file from overflowing the stack.
    private const int MaxDepth = 100;

    private int _at;
    private int _depth;

    private RuleToken Current => tokens[_at];

    public RuleExpression Parse()
    {
        var expression = Or();
        return Current.Kind == RuleTokenKind.End ? expression : throw Unexpected("the end");
    }

    private RuleExpression Or()
    {
        var left = And();
        while (Take(RuleTokenKind.Or))
        {
            left = new RuleLogic(left, And(), IsAnd: false);
        }

        return left;
    }

    private RuleExpression And()
    {
        var left = Comparison();
        while (Take(RuleTokenKind.And))
        {
            left = new RuleLogic(left, Comparison(), IsAnd: true);
        }

        return left;
    }

    private RuleExpression Comparison()
    {
        var left = Operand();
        var kind = Current.Kind;
        switch (kind)
        {
            case RuleTokenKind.Equal or RuleTokenKind.NotEqual:
                _at++;
                return new RuleEquality(left, Operand(), kind == RuleTokenKind.NotEqual);
            case RuleTokenKind.Matches or RuleTokenKind.MatchesNot:
                _at++;
                return new RuleMatch(left, Pattern(), kind == RuleTokenKind.MatchesNot);
            default:
                return left;
        }
    }

    private RuleExpression Pattern()
    {
        if (Current.Kind is not (RuleTokenKind.Pattern or RuleTokenKind.Variable or RuleTokenKind.Text))
        {
            throw Unexpected("/pattern/ or a variable that holds one");
        }

        var token = tokens[_at++];
        if (token.Kind == RuleTokenKind.Pattern)
        {
            // Tells a wrong pattern when the file is read, not when the rule is reached.
            _ = RuleMatch.Compile(token.Text);
        }

        return token.Kind == RuleTokenKind.Variable ? new RuleVariable(token.Text) : new RuleText(token.Text);
    }

    private RuleExpression Operand()
    {
        if (++_depth > MaxDepth)
        {
            throw new FormatException($"more than {MaxDepth} operands");
        }

        var token = tokens[_at];
        switch (token.Kind)
        {
            case RuleTokenKind.Variable:
                _at++;
                return new RuleVariable(token.Text);
            case RuleTokenKind.Text:
                _at++;
                return new RuleText(token.Text);
            case RuleTokenKind.Null:
                _at++;
                return new RuleText(null);
            case RuleTokenKind.Open:
                _at++;
                var inner = Or();
                return Take(RuleTokenKind.Close) ? inner : throw Unexpected("\")\"");
            default:
                throw Unexpected("$NAME, \"text\", null or \"(\"");
        }
    }

    private bool Take(RuleTokenKind kind)
    {
        if (Current.Kind != kind)
        {
            return false;
        }

        _at++;
        return true;
    }

    private FormatException Unexpected(string wanted) => new(
        Current.Kind == RuleTokenKind.End ? $"it ends where {wanted} is expected" : $"\"{Current.Text}\" at position {Current.Position + 1}: {wanted} is expected");
}
