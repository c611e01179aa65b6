namespace PodExecutor.Agent.Images.Templates;

internal enum TokenKind
{
    /// <summary>Plain text between actions.</summary>
    Text,

    /// <summary>Begins and ends an action.</summary>
    Open, Close,

    /// <summary>".A", without the dot; "." alone is empty.</summary>
    Field,

    /// <summary>A function, a keyword, true, false or nil.</summary>
    Word,

    /// <summary>"$" and "$name".</summary>
    Variable,

    /// <summary>Literals; Quoted is unescaped already.</summary>
    Quoted, Number,

    /// <summary>( ) | , := =</summary>
    Sign,
}

/// <param name="Joined">No blank stands before it: ".A.B" and "(…).A" are one operand.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, bool Joined)
{
    public bool Is(TokenKind kind, string text) => Kind == kind && Text == text;
}
