namespace KVCluster.Compression.Policies;

/// <summary>What a token is, to policies that treat kinds of tokens differently.</summary>
public enum TokenKind
{
    /// <summary>Words, parts of words, numbers, spaces.</summary>
    Plain,

    /// <summary>Punctuation alone.</summary>
    Punctuation,

    /// <summary>A special token: begin of text, end of turn.</summary>
    Special,
}
