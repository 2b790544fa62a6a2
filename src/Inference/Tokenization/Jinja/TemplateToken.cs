namespace KVCluster.Inference.Tokenization.Jinja;

internal enum TokenKind
{
    Data,
    BlockBegin,
    BlockEnd,
    OutputBegin,
    OutputEnd,
    Name,
    Integer,
    Float,
    String,
    Operator,
    End,
}

/// <summary>A lexical unit of a template. Text of a string is already unescaped.</summary>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Line)
{
    public bool Is(TokenKind kind, string text) => Kind == kind && Text == text;

    /// <summary>The token as an error message shows it.</summary>
    public string Shown => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.BlockEnd => "'%}'",
        TokenKind.OutputEnd => "'}}'",
        _ => $"'{TokenizerBuilder.Shown(Text)}'",
    };
}
