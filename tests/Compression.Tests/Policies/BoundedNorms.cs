using KVCluster.Compression.Policies;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Tests.Policies;

/// <summary>Norms behind loose bounds, which counts what is asked of it.</summary>
internal sealed class BoundedNorms(AttentionScores norms, AttentionScores bounds) : ISlotNorms
{
    /// <summary>Norms read so far.</summary>
    public int Read { get; private set; }

    /// <summary>The group's mean norms, at most a half above them the bounds.</summary>
    public static BoundedNorms Of(AttentionScores queryHeads, int kvHeads, Random random)
    {
        AttentionScores norms = ScoreOperations.GroupToKvHeads(queryHeads, kvHeads);
        AttentionScores bounds = norms.Copy();
        for (int i = 0; i < bounds.Layers * bounds.Heads; i++)
        {
            foreach (ref float bound in bounds.Row(i / bounds.Heads, i % bounds.Heads))
            {
                bound *= random.Next(4) == 0 ? 1 : 1 + (random.NextSingle() / 2);
            }
        }

        return new BoundedNorms(norms, bounds);
    }

    /// <inheritdoc/>
    public long Bytes => norms.Bytes + bounds.Bytes;

    /// <inheritdoc/>
    public AttentionScores UpperBounds() => bounds;

    /// <inheritdoc/>
    void ISlotNorms.Read(int layer, int kvHead, ReadOnlySpan<int> slots, Span<float> destination)
    {
        Read += slots.Length;
        new GivenSlotNorms(norms).Read(layer, kvHead, slots, destination);
    }
}
