namespace KVCluster.Inference.Tokenization;

/// <summary>What a tokenizer is made of, read and checked, whichever file it came from.</summary>
internal sealed record TokenizerDefinition
{
    public required Vocabulary Vocabulary { get; init; }

    public required MergeTable Merges { get; init; }

    public required PreTokenizer PreTokenizer { get; init; }

    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Text is brought to Unicode form C first.</summary>
    public bool ComposeCharacters { get; init; }

    /// <summary>A piece that is a token is taken whole, whether or not merges lead to it.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Stands for bytes that have no token; null: they are left out.</summary>
    public int? UnknownId { get; init; }

    /// <summary>Unknown bytes in a row are one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    public bool AddBos { get; init; }

    /// <summary>Special tokens by role ("bos_token", "eos_token", "unk_token", "pad_token", ...).</summary>
    public required IReadOnlyDictionary<string, string> NamedTokens { get; init; }

    /// <summary>Ids of the named tokens.</summary>
    public required IReadOnlyDictionary<string, int> NamedIds { get; init; }
}
