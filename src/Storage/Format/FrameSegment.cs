namespace KVCluster.Storage.Format;

/// <summary>Rows of a few layers in one frame: for each head the slots from the earlier segment's end to this one's.</summary>
/// <param name="Ends">First slot past the segment, for each (layer, KV head) of the group, row-major.</param>
/// <param name="Frame">Where the rows are.</param>
internal sealed record FrameSegment(int[] Ends, FrameRecord Frame);
