namespace KVCluster.Inference.Kv;

/// <summary>
/// Data a backend keeps beside each slot of a cache (accumulated attention, say): the cache tells it what happens to its slots, so that
/// both stay in step.
/// </summary>
public interface ISlotCompanion
{
    /// <summary>Bytes held beside all slots.</summary>
    long Bytes { get; }

    /// <summary>A companion for a fork of the cache, with the same contents.</summary>
    ISlotCompanion Fork();

    /// <summary>Only these slots of a head remain, in this (ascending) order.</summary>
    void Keep(int layer, int head, ReadOnlySpan<int> kept);

    /// <summary>Slots of a head from <paramref name="length"/> on are gone.</summary>
    void Truncate(int layer, int head, int length);
}
