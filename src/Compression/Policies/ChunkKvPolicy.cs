using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// ChunkKV (arXiv 2502.00299) over any scorer: whole chunks of neighbouring positions stay or go, the same in all heads of a layer, ranked by
/// the mean over the chunk of the scores summed over heads. As many as the layer's budget holds whole; where it holds none, as in a context
/// shorter than a chunk, the best slots of each head, as without chunks.
/// </summary>
public sealed class ChunkKvPolicy : ICompressionPolicy
{
    internal const string PolicyName = "chunkkv";

    private readonly ChunkKvParameters _parameters;
    private readonly IScoringPolicy _scorer;

    /// <summary>The wrapper; throws <see cref="PolicyException"/> where a parameter is out of range.</summary>
    public ChunkKvPolicy(IScoringPolicy scorer, ChunkKvParameters? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        _scorer = scorer;
        _parameters = parameters ?? new ChunkKvParameters();
        _parameters.Validate();
    }

    /// <inheritdoc/>
    public string Name => PolicyName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public ScoreRequest Request => _scorer.Request;

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores ranked = _scorer.Rank(input);
        CacheShape shape = input.Shape;
        int share = HeadPlan.Share(shape, budget, _parameters.MinimumPerHead);
        int[][] kept = new int[shape.Layers * shape.KvHeads][];
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            long slots = Enumerable.Range(0, shape.KvHeads).Sum(h => (long)Math.Min(share, shape.Slots(layer, h)));
            bool[] chunks = Choose(ranked, shape, layer, slots);
            bool holdsOne = chunks.Contains(true);
            for (int head = 0; head < shape.KvHeads; head++)
            {
                kept[(layer * shape.KvHeads) + head] = holdsOne
                    ? [.. Enumerable.Range(0, shape.Slots(layer, head)).Where(s => chunks[shape.Position(layer, head, s) / _parameters.Length])]
                    : SlotSelection.Best(ranked.Row(layer, head), share);
            }
        }

        return new RetentionPlan(shape.Layers, shape.KvHeads, kept);
    }

    private bool[] Choose(AttentionScores ranked, CacheShape shape, int layer, long slots)
    {
        int length = _parameters.Length;
        int count = (shape.LogicalLength + length - 1) / length;
        double[] scores = new double[count];
        int[] costs = new int[count];
        for (int head = 0; head < shape.KvHeads; head++)
        {
            ReadOnlySpan<float> row = ranked.Row(layer, head);
            for (int slot = 0; slot < row.Length; slot++)
            {
                int chunk = shape.Position(layer, head, slot) / length;
                scores[chunk] += row[slot] / Math.Min(length, shape.LogicalLength - (chunk * length));
                costs[chunk]++;
            }
        }

        bool[] chosen = new bool[count];
        foreach (int chunk in Enumerable.Range(0, count).Where(c => costs[c] > 0).OrderByDescending(c => scores[c]))
        {
            if (costs[chunk] > slots)
            {
                break;
            }

            chosen[chunk] = true;
            slots -= costs[chunk];
        }

        return chosen;
    }
}

/// <summary>Parameters of ChunkKV.</summary>
public sealed record ChunkKvParameters : PolicyParameters
{
    /// <summary>Positions a chunk.</summary>
    public int Length { get; init; } = 20;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequirePositive(Length, nameof(Length));
    }
}
