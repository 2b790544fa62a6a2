namespace KVCluster.Storage.Frames;

/// <summary>Rows that lie together, in a page or aside, and their int8 scales (empty for other element types).</summary>
/// <param name="Rows">[count, RowBytes].</param>
/// <param name="Scales">[count] floats.</param>
/// <param name="Count">How many rows.</param>
internal readonly record struct RowRun(Memory<byte> Rows, Memory<byte> Scales, int Count);
