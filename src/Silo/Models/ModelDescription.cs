namespace KVCluster.Silo.Models;

/// <summary>What <c>model info</c> says of a model.</summary>
internal sealed record ModelDescription
{
    public required string Path { get; init; }

    public required string Format { get; init; }

    public required string Architecture { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Bytes of all tensors as stored.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Types of the weight matrices, the most bytes first.</summary>
    public required IReadOnlyList<StoredType> StoredTypes { get; init; }

    public required int Layers { get; init; }

    public required int HiddenSize { get; init; }

    public required int QueryHeads { get; init; }

    public required int KvHeads { get; init; }

    public required int HeadSize { get; init; }

    public required int FeedForwardSize { get; init; }

    /// <summary>Longest conversation the model was made for, in tokens.</summary>
    public required int Context { get; init; }

    public int? SlidingWindow { get; init; }

    /// <summary>Rotary embedding: "default", "linear", "llama3" or "yarn".</summary>
    public required string Rope { get; init; }

    public required bool QueryKeyNorm { get; init; }

    public required bool TiedEmbeddings { get; init; }

    /// <summary>Rows of the embedding.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Ids the tokenizer knows.</summary>
    public required int TokenizerVocabulary { get; init; }

    public required bool ChatTemplate { get; init; }

    /// <summary>Bytes of cache a token takes, by the names of <c>--kv</c>.</summary>
    public required IReadOnlyDictionary<string, long> KvBytesPerToken { get; init; }

    public required string Fingerprint { get; init; }
}
