namespace KVCluster.Compression.Policies;

/// <summary>Keys and values of a cache, one head at a time and on demand, so that nothing large is copied at once.</summary>
public interface ISlotVectors
{
    /// <summary>Numbers a row, d.</summary>
    int HeadSize { get; }

    /// <summary>Writes a head's keys, RoPE applied, to <paramref name="destination"/> [slots, d].</summary>
    void ReadKeys(int layer, int kvHead, Span<float> destination);

    /// <summary>Writes a head's values to <paramref name="destination"/> [slots, d].</summary>
    void ReadValues(int layer, int kvHead, Span<float> destination);
}
