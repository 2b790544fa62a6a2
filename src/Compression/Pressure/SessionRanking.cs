namespace KVCluster.Compression.Pressure;

/// <summary>
/// A session's scores, made ready before memory is short: the histogram that budgets look at, and where the kept slots of every head end
/// at each number of pages. A cut then only compares scores with a border. Immutable; the scores must not change after.
/// </summary>
public sealed class SessionRanking
{
    private readonly CacheShape _shape;
    private readonly SessionFloors _floors;
    private readonly PageRanks? _ranks;

    private SessionRanking(CacheShape shape, AttentionScores? scores, SessionFloors floors, ScoreHistogram histogram, PageRanks? ranks)
    {
        _shape = shape;
        _floors = floors;
        _ranks = ranks;
        Scores = scores;
        Histogram = histogram;
    }

    /// <summary>The scores by bin.</summary>
    public ScoreHistogram Histogram { get; }

    /// <summary>What it was made of; null: nothing was known.</summary>
    public AttentionScores? Scores { get; }

    /// <summary>Ranks a session's scores; parameters as those of <see cref="SessionHistogram.Of"/>.</summary>
    public static SessionRanking Of(
        CacheShape shape, AttentionScores? scores, SessionFloors floors, IReadOnlyList<long> slotBytes, int pageTokens)
    {
        (ScoreHistogram histogram, PageRanks? ranks) = SessionHistogram.Rank(shape, scores, floors, slotBytes, pageTokens, withRanks: true);
        return new SessionRanking(shape, scores, floors, histogram, ranks);
    }

    /// <summary>As <see cref="KeepPlan.Of"/>, without looking for what is known.</summary>
    /// <param name="kept">Entries of each row of the histogram.</param>
    public KeepChoice Choose(IReadOnlyList<int> kept) => KeepPlan.Choose(_shape, Scores, _floors, kept, Histogram.Fault, _ranks);

    /// <summary>The ranking of what a plan leaves, by the same scores.</summary>
    /// <param name="plan">A plan of this cache.</param>
    /// <param name="scores">The scores of the kept slots, or null.</param>
    /// <param name="slotBytes">Bytes of one slot of each layer, key and value, [layers].</param>
    public SessionRanking After(RetentionPlan plan, AttentionScores? scores, IReadOnlyList<long> slotBytes)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var positions = new int[plan.Layers * plan.KvHeads][];
        for (int i = 0; i < positions.Length; i++)
        {
            int layer = i / plan.KvHeads;
            int head = i % plan.KvHeads;
            positions[i] = plan.Kept(layer, head).ToArray();
            for (int n = 0; n < positions[i].Length && !_shape.IsWhole; n++)
            {
                positions[i][n] = _shape.Position(layer, head, positions[i][n]);
            }
        }

        var shape = new CacheShape(plan.Layers, plan.KvHeads, _shape.LogicalLength, positions);
        return Of(shape, scores, _floors, slotBytes, Histogram.PageEntries);
    }
}
