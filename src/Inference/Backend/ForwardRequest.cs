using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Backend;

/// <summary>One sequence's part of a step. Reusable: a decode loop keeps one and changes its tokens, so that a token allocates nothing.</summary>
public sealed class ForwardRequest
{
    /// <summary>A request on one cache.</summary>
    public ForwardRequest(KvCache cache)
    {
        Cache = cache;
    }

    /// <summary>The cache read and appended to.</summary>
    public KvCache Cache { get; }

    /// <summary>Token ids appended, at least one.</summary>
    public ReadOnlyMemory<int> Tokens { get; set; }

    /// <summary>Which rows' logits are wanted.</summary>
    public LogitsRows Logits { get; set; } = LogitsRows.Last;

    /// <summary>Receives logits, row-major [rows, V]; may be empty where none are wanted.</summary>
    public Memory<float> LogitsDestination { get; set; }

    /// <summary>Receives hidden states for diagnosis; null in normal work.</summary>
    public HiddenStateTrace? Trace { get; set; }
}

/// <summary>Which rows of a request yield logits.</summary>
public enum LogitsRows
{
    /// <summary>None: a prompt's chunk that is not its last.</summary>
    None,

    /// <summary>The last token's.</summary>
    Last,

    /// <summary>Every token's.</summary>
    All,
}
