namespace KVCluster.Compression.Policies;

/// <summary>
/// Norms of the values behind the output projection, the mean over the query heads of a group of ||W_o,h v||, of the slots a policy names,
/// and bounds that tell it which to name: a norm costs much more than its bound.
/// </summary>
public interface ISlotNorms
{
    /// <summary>Bytes that it holds for as long as it is held; what is computed as it is asked for holds none.</summary>
    long Bytes { get; }

    /// <summary>Numbers no less than the norms, [layers, kvHeads, slots].</summary>
    AttentionScores UpperBounds();

    /// <summary>Writes the norms of one head's <paramref name="slots"/>, ascending, to <paramref name="norms"/> [slots].</summary>
    void Read(int layer, int kvHead, ReadOnlySpan<int> slots, Span<float> norms);
}
