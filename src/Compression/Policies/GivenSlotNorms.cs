namespace KVCluster.Compression.Policies;

/// <summary>Norms of all slots at hand, which are their own bounds.</summary>
/// <param name="norms">[layers, kvHeads, slots].</param>
public sealed class GivenSlotNorms(AttentionScores norms) : ISlotNorms
{
    /// <inheritdoc/>
    public long Bytes => norms.Bytes;

    /// <inheritdoc/>
    public AttentionScores UpperBounds() => norms;

    /// <inheritdoc/>
    public void Read(int layer, int kvHead, ReadOnlySpan<int> slots, Span<float> destination)
    {
        ReadOnlySpan<float> row = norms.Row(layer, kvHead);
        for (int i = 0; i < slots.Length; i++)
        {
            destination[i] = row[slots[i]];
        }
    }
}
