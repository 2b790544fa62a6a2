using KVCluster.Storage.Format;

namespace KVCluster.Storage.Snapshots;

/// <summary>A frame to write or to read: slots [Starts, Ends) of the heads from FirstHead on.</summary>
/// <param name="FirstHead">Index of the first (layer, KV head).</param>
/// <param name="Starts">First slot of each head.</param>
/// <param name="Ends">First slot past, of each head.</param>
/// <param name="Frame">What the manifest says of it; null: not written yet.</param>
internal sealed record FrameTask(int FirstHead, int[] Starts, int[] Ends, FrameRecord? Frame = null);
