using System.Text;

namespace PodExecutor.Agent.Images.Templates;

/// <summary>A Go template as tokens (text/template/parse/lex.go): text, and between {{ and }} words, fields and literals. "{{-" and "-}}" cut the blanks beside them.</summary>
internal sealed class TemplateLexer(string template)
{
    private readonly List<TemplateToken> _tokens = [];
    private int _at;

    /// <exception cref="ImageException">An action or a quote is not closed.</exception>
    public IReadOnlyList<TemplateToken> Read()
    {
        var trim = false;
        while (true)
        {
            var open = template.IndexOf("{{", _at, StringComparison.Ordinal);
            var text = open < 0 ? template[_at..] : template[_at..open];
            text = trim ? text.TrimStart() : text;
            var cuts = open >= 0 && template.AsSpan(open).StartsWith("{{-") && open + 3 < template.Length && char.IsWhiteSpace(template[open + 3]);
            text = cuts ? text.TrimEnd() : text;
            if (text.Length > 0)
            {
                _tokens.Add(new TemplateToken(TokenKind.Text, text, Joined: false));
            }

            if (open < 0)
            {
                return _tokens;
            }

            _at = open + (cuts ? 3 : 2);
            trim = Action();
        }
    }

    /// <returns>Are the blanks behind it to be cut?</returns>
    private bool Action()
    {
        if (template.AsSpan(_at).TrimStart().StartsWith("/*"))
        {
            var end = template.IndexOf("*/", _at, StringComparison.Ordinal);
            _at = end < 0 ? template.Length : end + 2;
            return Close() ?? throw Unclosed("comment");
        }

        _tokens.Add(new TemplateToken(TokenKind.Open, "{{", Joined: false));
        while (_at < template.Length)
        {
            if (Close() is { } trim)
            {
                _tokens.Add(new TemplateToken(TokenKind.Close, "}}", Joined: false));
                return trim;
            }

            var begin = _at;
            while (_at < template.Length && char.IsWhiteSpace(template[_at]))
            {
                _at++;
            }

            if (_at < template.Length && Close(peek: true) is null)
            {
                _tokens.Add(Token(_at == begin && _tokens[^1].Kind != TokenKind.Open));
            }
        }

        throw Unclosed("{{");
    }

    /// <returns>Null: the action does not end here. Else whether the blanks behind it are cut.</returns>
    private bool? Close(bool peek = false)
    {
        var rest = template.AsSpan(_at);
        var trimmed = rest.TrimStart();
        var cuts = trimmed.Length < rest.Length && trimmed.StartsWith("-}}");
        if (!cuts && !rest.StartsWith("}}"))
        {
            return null;
        }

        _at += peek ? 0 : cuts ? rest.Length - trimmed.Length + 3 : 2;
        return cuts;
    }

    private TemplateToken Token(bool joined)
    {
        var c = template[_at];
        switch (c)
        {
            case '"':
                return new TemplateToken(TokenKind.Quoted, Quoted(), joined);
            case '`':
                var end = template.IndexOf('`', _at + 1);
                var raw = end < 0 ? throw Unclosed("`") : template[(_at + 1)..end];
                _at = end + 1;
                return new TemplateToken(TokenKind.Quoted, raw, joined);
            case '.' or '$':
                _at++;
                return new TemplateToken(c == '.' ? TokenKind.Field : TokenKind.Variable, Name(), joined);
            case ':' when template.AsSpan(_at).StartsWith(":="):
                _at += 2;
                return new TemplateToken(TokenKind.Sign, ":=", joined);
            case '(' or ')' or '|' or ',' or '=':
                _at++;
                return new TemplateToken(TokenKind.Sign, c.ToString(), joined);
            case '-' or (>= '0' and <= '9'):
                _at++;
                return new TemplateToken(TokenKind.Number, c + Name('.'), joined);
            default:
                return Name() is { Length: > 0 } word ? new TemplateToken(TokenKind.Word, word, joined)
                    : throw new ImageException($"--format {template}: unexpected \"{c}\" inside {{{{ }}}}.", ImageExit.Usage);
        }
    }

    private string Name(char also = '_')
    {
        var begin = _at;
        while (_at < template.Length && (char.IsLetterOrDigit(template[_at]) || template[_at] == '_' || template[_at] == also))
        {
            _at++;
        }

        return template[begin.._at];
    }

    private string Quoted()
    {
        var result = new StringBuilder();
        for (_at++; _at < template.Length && template[_at] != '"'; _at++)
        {
            if (template[_at] == '\\' && _at + 1 < template.Length)
            {
                _at++;
                result.Append(template[_at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var other => other });
            }
            else
            {
                result.Append(template[_at]);
            }
        }

        _at++;
        return _at <= template.Length ? result.ToString() : throw Unclosed("quote");
    }

    private ImageException Unclosed(string what) => new($"--format {template}: a {what} is not closed.", ImageExit.Usage);
}
