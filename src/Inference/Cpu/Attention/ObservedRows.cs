namespace KVCluster.Inference.Cpu.Attention;

/// <summary>Rows of attention of some tokens and heads, as a tile holds them: unscaled, with what each counts.</summary>
internal unsafe struct ObservedRows
{
    /// <summary>First column of the first token's first head; columns up to a multiple of 16 are there, 0 where a token sees nothing.</summary>
    public float* First;

    public int Tokens;

    /// <summary>Floats between two tokens' rows.</summary>
    public nint TokenStride;

    /// <summary>Heads summed up for each token.</summary>
    public int Heads;

    /// <summary>Floats between two heads' rows.</summary>
    public nint HeadStride;

    /// <summary>What a row is multiplied by, [heads, tokens].</summary>
    public float* Factors;

    /// <summary>Floats between two heads' factors.</summary>
    public nint FactorStride;
}
