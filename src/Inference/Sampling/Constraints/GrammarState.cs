namespace KVCluster.Inference.Sampling.Constraints;

/// <summary>One state of a <see cref="GrammarAutomaton"/>.</summary>
internal sealed class GrammarState(int[] nodes)
{
    /// <summary>Stands for the empty stack: the text may end here.</summary>
    public const int Finished = -1;

    /// <summary>No text of the grammar begins so.</summary>
    public static readonly GrammarState Dead = new([]);

    /// <summary>Ids of its stacks, ascending.</summary>
    public int[] Nodes { get; } = nodes;

    /// <summary>States after each byte, null where not yet known.</summary>
    public GrammarState?[] Next { get; } = new GrammarState?[256];

    /// <summary>Tokens allowed here, one bit each; null where not yet known.</summary>
    public ulong[]? Mask { get; set; }

    /// <summary>Whether the text may end here.</summary>
    public bool MayEnd => Nodes.Length > 0 && Nodes[0] == Finished;

    public bool IsDead => Nodes.Length == 0;

    public void Forget()
    {
        Next.AsSpan().Clear();
        Mask = null;
    }
}
