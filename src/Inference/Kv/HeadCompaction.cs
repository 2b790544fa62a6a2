namespace KVCluster.Inference.Kv;

/// <summary>
/// One head's part of a compaction: row <c>Kept[i]</c> moves down to row <c>i</c>, in keys, values and biases alike. Kept rows ascend, so no
/// row is overwritten before it is read and no second copy is needed.
/// </summary>
/// <param name="KeyPages">Pages of keys, in order.</param>
/// <param name="ValuePages">Pages of values, in order.</param>
/// <param name="BiasPages">Pages of biases, in order; empty where the head has none.</param>
/// <param name="Kept">Kept rows, strictly ascending.</param>
public readonly record struct HeadCompaction(
    ReadOnlyMemory<int> KeyPages,
    ReadOnlyMemory<int> ValuePages,
    ReadOnlyMemory<int> BiasPages,
    ReadOnlyMemory<int> Kept)
{
    /// <summary>Throws where the pages do not reach the last kept row.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    internal void Check(KvGeometry geometry)
    {
        int rows = Kept.IsEmpty ? 0 : Kept.Span[^1] + 1;
        bool covered = KeyPages.Length >= geometry.PagesForRows(rows)
            && ValuePages.Length >= geometry.PagesForRows(rows)
            && (BiasPages.IsEmpty || BiasPages.Length >= geometry.PagesForBiases(rows));
        if (!covered)
        {
            throw new ArgumentException($"the pages of a head do not reach its kept row {rows - 1}");
        }
    }
}
