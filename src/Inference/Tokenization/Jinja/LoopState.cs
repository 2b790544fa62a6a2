namespace KVCluster.Inference.Tokenization.Jinja;

/// <summary>The variable "loop" of one pass.</summary>
internal sealed record LoopState(IReadOnlyList<object?> Items, int Index)
{
    /// <summary>Its members.</summary>
    public static IReadOnlySet<string> Members { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem", "depth", "depth0",
    };

    public object? Get(string member) => member switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)Items.Count - Index,
        "revindex0" => Items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == Items.Count - 1,
        "length" => (long)Items.Count,
        "previtem" => Index > 0 ? Items[Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index + 1 < Items.Count ? Items[Index + 1] : new Undefined("there is no next item"),
        // Counts recursive loops, which are not supported.
        "depth" => 1L,
        "depth0" => 0L,
        _ => new Undefined($"'loop' has no member '{member}'"),
    };
}
