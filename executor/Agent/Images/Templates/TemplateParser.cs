using System.Globalization;
using System.Text.Json.Nodes;

namespace PodExecutor.Agent.Images.Templates;

/// <summary>Tokens as a tree (text/template/parse/parse.go). Templates that define others are refused: no --format needs them.</summary>
internal sealed class TemplateParser(string template)
{
    private readonly IReadOnlyList<TemplateToken> _tokens = new TemplateLexer(template).Read();
    private int _at;

    /// <exception cref="ImageException">The template is not well-formed, or a function is not known.</exception>
    public IReadOnlyList<TemplateNode> Parse()
    {
        var (nodes, end) = Nodes();
        return end is null ? nodes : throw Wrong($"{{{{{end}}}}} has no beginning");
    }

    /// <returns>What was read, and "end" or "else" if that ended it; the rest of its action is not read.</returns>
    private (IReadOnlyList<TemplateNode> Nodes, string? End) Nodes()
    {
        var nodes = new List<TemplateNode>();
        while (_at < _tokens.Count)
        {
            var token = _tokens[_at++];
            if (token.Kind == TokenKind.Text)
            {
                nodes.Add(new TextNode(token.Text));
                continue;
            }

            switch (Peek is { Kind: TokenKind.Word } word ? word.Text : "")
            {
                case "end" or "else":
                    return (nodes, _tokens[_at++].Text);
                case "if" or "with" or "range":
                    nodes.Add(Block(_tokens[_at++].Text));
                    break;
                case "define" or "template" or "block" or "break" or "continue":
                    throw Wrong($"{{{{{_tokens[_at].Text}}}}} is not known here");
                default:
                    nodes.Add(new ActionNode(Pipeline()));
                    Expect(TokenKind.Close, "}}");
                    break;
            }
        }

        return (nodes, null);
    }

    private BlockNode Block(string keyword)
    {
        var pipeline = Pipeline();
        Expect(TokenKind.Close, "}}");
        var (body, end) = Nodes();
        IReadOnlyList<TemplateNode> otherwise = [];
        if (end == "else")
        {
            if (Peek.Kind == TokenKind.Word && Peek.Text is "if" or "with")
            {
                // "else if" is an if inside the else, and their end is one.
                return new BlockNode(keyword, pipeline, body, [Block(_tokens[_at++].Text)]);
            }

            Expect(TokenKind.Close, "}}");
            (otherwise, end) = Nodes();
        }

        if (end != "end")
        {
            throw Wrong($"{{{{{keyword}}}}} has no {{{{end}}}}");
        }

        Expect(TokenKind.Close, "}}");
        return new BlockNode(keyword, pipeline, body, otherwise);
    }

    private Pipeline Pipeline()
    {
        var variables = new List<string>();
        var begin = _at;
        while (Peek.Kind == TokenKind.Variable)
        {
            variables.Add(_tokens[_at++].Text);
            if (Peek.Is(TokenKind.Sign, ","))
            {
                _at++;
                continue;
            }

            if (Peek.Is(TokenKind.Sign, ":=") || Peek.Is(TokenKind.Sign, "="))
            {
                _at++;
                return new Pipeline(variables, Commands());
            }

            break;
        }

        _at = begin;
        return new Pipeline([], Commands());
    }

    private List<IReadOnlyList<Operand>> Commands()
    {
        var commands = new List<IReadOnlyList<Operand>>();
        do
        {
            var operands = new List<Operand>();
            while (Peek.Kind is not TokenKind.Close && !Peek.Is(TokenKind.Sign, ")") && !Peek.Is(TokenKind.Sign, "|"))
            {
                operands.Add(Operand());
            }

            commands.Add(operands.Count > 0 ? operands : throw Wrong("a value is missing"));
        }
        while (Took("|"));
        return commands;
    }

    private Operand Operand()
    {
        var token = _at < _tokens.Count ? _tokens[_at++] : throw Wrong("it ends too early");
        switch (token.Kind)
        {
            case TokenKind.Field:
                return new Operand(OperandKind.Dot, Fields(token.Text));
            case TokenKind.Variable:
                return new Operand(OperandKind.Variable, Fields()) { Name = token.Text };
            case TokenKind.Quoted:
                return Literal(JsonValue.Create(token.Text));
            case TokenKind.Number:
                return long.TryParse(token.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                    ? Literal(JsonValue.Create(number)) : throw Wrong($"{token.Text} is no whole number");
            case TokenKind.Sign when token.Text == "(":
                var inner = Pipeline();
                Expect(TokenKind.Sign, ")");
                return new Operand(OperandKind.Parenthesis, Fields()) { Inner = inner };
            case TokenKind.Word when token.Text is "true" or "false":
                return Literal(JsonValue.Create(token.Text == "true"));
            case TokenKind.Word when token.Text == "nil":
                return Literal(null);
            case TokenKind.Word when TemplateFunctions.IsKnown(token.Text):
                return new Operand(OperandKind.Function, []) { Name = token.Text };
            case TokenKind.Word:
                throw Wrong($"the function \"{token.Text}\" is not known here ({string.Join(", ", TemplateFunctions.Names)})");
            default:
                throw Wrong($"unexpected \"{token.Text}\"");
        }
    }

    private static Operand Literal(JsonNode? value) => new(OperandKind.Literal, []) { Value = value };

    private List<string> Fields(string first = "")
    {
        var fields = new List<string>();
        if (first.Length > 0)
        {
            fields.Add(first);
        }

        while (Peek is { Kind: TokenKind.Field, Joined: true, Text.Length: > 0 })
        {
            fields.Add(_tokens[_at++].Text);
        }

        return fields;
    }

    private TemplateToken Peek => _at < _tokens.Count ? _tokens[_at] : new TemplateToken(TokenKind.Close, "", Joined: false);

    private bool Took(string sign)
    {
        var isNext = Peek.Is(TokenKind.Sign, sign);
        _at += isNext ? 1 : 0;
        return isNext;
    }

    private void Expect(TokenKind kind, string text)
    {
        if (!Peek.Is(kind, text))
        {
            throw Wrong($"\"{text}\" is expected where \"{Peek.Text}\" stands");
        }

        _at++;
    }

    private ImageException Wrong(string what) => new($"--format {template}: {what}.", ImageExit.Usage);
}
