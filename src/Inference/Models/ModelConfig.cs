namespace KVCluster.Inference.Models;

/// <summary>
/// Dimensions and settings of a Llama-family decoder, however its file spells them. Query head h reads KV head
/// h / (<see cref="QueryHeads"/> / <see cref="KvHeads"/>).
/// </summary>
public sealed record ModelConfig
{
    /// <summary>Architecture: "llama", "mistral", "qwen2", "qwen3" or "phi3".</summary>
    public required string Family { get; init; }

    /// <summary>Decoder layers, L.</summary>
    public required int Layers { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Query heads, Hq.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Key/value heads, Hkv; divides <see cref="QueryHeads"/>.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Size d of one head; need not be HiddenSize / QueryHeads.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Inner width of the SwiGLU feed-forward block.</summary>
    public required int FeedForwardSize { get; init; }

    /// <summary>Number of token ids, V.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest logical length the model was made for, in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Epsilon of the RMS norms.</summary>
    public required float RmsNormEpsilon { get; init; }

    /// <summary>Rotary embedding, ready to use.</summary>
    public required RotaryEmbedding Rotary { get; init; }

    /// <summary>Keys a query may see: j with 0 &lt;= i - j &lt; window, in positions. Null: all before it.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>First layer the sliding window applies to (Qwen2's max_window_layers); earlier layers see everything.</summary>
    public int SlidingWindowFromLayer { get; init; }

    /// <summary>RMS norm over each head's d of queries and keys before RoPE (Qwen3).</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>The output projection is the embedding matrix.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>Ids that end a generation, as the file says; may be empty.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];

    /// <summary>Query heads per KV head, g.</summary>
    public int GroupSize => QueryHeads / KvHeads;

    /// <summary>The window of a layer, or null where the layer sees everything.</summary>
    public int? WindowOf(int layer) => layer >= SlidingWindowFromLayer ? SlidingWindow : null;
}
