using KVCluster.Inference.Kv;

namespace KVCluster.Storage.Frames;

/// <summary>How many rows and biases a frame has.</summary>
/// <param name="Rows">Slots over all heads of the frame; each has a row of keys and one of values.</param>
/// <param name="Biases">Slots of those heads that have attention biases.</param>
/// <param name="KeyGroups">Groups of slots, head by head: see <see cref="Int4Blocks"/>.</param>
internal readonly record struct FrameShape(long Rows, long Biases, long KeyGroups)
{
    /// <summary>Slots [starts, ends) of neighbouring heads.</summary>
    public static FrameShape Of(ReadOnlySpan<KvHeadLayout> heads, ReadOnlySpan<int> starts, ReadOnlySpan<int> ends)
    {
        long rows = 0;
        long biases = 0;
        long groups = 0;
        for (int i = 0; i < heads.Length; i++)
        {
            rows += ends[i] - starts[i];
            biases += heads[i].HasBiases ? ends[i] - starts[i] : 0;
            groups += Int4Blocks.KeyGroups(ends[i] - starts[i]);
        }

        return new FrameShape(rows, biases, groups);
    }
}
