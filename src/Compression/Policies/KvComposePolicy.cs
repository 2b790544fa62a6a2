using KVCluster.Compression.Budgets;
using KVCluster.Compression.Scores;

namespace KVCluster.Compression.Policies;

/// <summary>
/// KVCompose (arXiv 2509.05165). Structured: composite tokens of all layers compete for one budget, and each KV head of a layer keeps its
/// own n_l best slots. Unstructured: the slots of all layers and heads compete, and heads end up with lengths of their own.
/// </summary>
/// <remarks>
/// A cache that was compressed before is planned by its present slots. Structured: heads of a layer that are already unequal keep min(n_l,
/// what they have), and a composite costs as many slots as heads reach its rank. Floors, sinks and recents are kept first; where they
/// exceed the budget, the budget holds: composites (or slots) within the floors compete, protected ones first, sinks before recents, newest
/// first.
/// </remarks>
public sealed class KvComposePolicy : IScoringPolicy, IStagedPolicy
{
    internal const string StructuredName = "kvcompose";
    internal const string UnstructuredName = "kvcompose-unstructured";

    private readonly KvComposeParameters _parameters;
    private readonly bool _structured;

    /// <summary>The policy; throws <see cref="PolicyException"/> where a parameter is out of range.</summary>
    public KvComposePolicy(KvComposeParameters? parameters = null, bool structured = true)
    {
        _parameters = parameters ?? new KvComposeParameters();
        _parameters.Validate();
        _structured = structured;
    }

    /// <inheritdoc/>
    public string Name => _structured ? StructuredName : UnstructuredName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public int Stages => _parameters.Stages;

    /// <inheritdoc/>
    public ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(_parameters.Scores, _parameters.Aggregation)
        {
            ReplayTokens = _parameters.Scores == AttentionSource.Replay ? _parameters.Chunk : 0,
        },
        ValueNorms = _parameters.ValueNorm,
    };

    /// <inheritdoc/>
    public AttentionScores Score(PolicyInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        AttentionScores scores = ScoreOperations.GroupToKvHeads(input.RequireAttention(), input.Shape.KvHeads, _parameters.Group);
        if (_parameters.ValueNorm)
        {
            ScoreOperations.Multiply(scores, input.RequireValueNorms());
        }

        if (_parameters.HeadMean)
        {
            ScoreOperations.AddHeadMean(scores, input.Shape);
        }

        ScoreOperations.CheckFinite(scores);
        return scores;
    }

    /// <inheritdoc/>
    public AttentionScores Rank(PolicyInput input)
    {
        AttentionScores scores = Score(input);
        ProtectedSlots.Raise(scores, input.Shape, _parameters.KeepFirst, _parameters.KeepLast);
        return scores;
    }

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        AttentionScores scores = Score(input);
        CacheShape shape = input.Shape;
        int[] guarded = ProtectedSlots.Raise(scores, shape, _parameters.KeepFirst, _parameters.KeepLast);
        AttentionScores sorted = DescendingSort.Rows(scores);
        int[] counts = _structured
            ? StructuredCounts(sorted, shape, guarded, budget)
            : UnstructuredCounts(sorted, shape, guarded, budget);

        int[][] kept = new int[shape.Layers * shape.KvHeads][];
        for (int i = 0; i < kept.Length; i++)
        {
            int layer = i / shape.KvHeads;
            int head = i % shape.KvHeads;
            kept[i] = SlotSelection.Best(scores.Row(layer, head), sorted.Row(layer, head), counts[_structured ? layer : i]);
        }

        return new RetentionPlan(shape.Layers, shape.KvHeads, kept);
    }

    private int[] StructuredCounts(AttentionScores sorted, CacheShape shape, int[] guarded, RetentionBudget budget)
    {
        float[][] composites = CompositeScores.OfSorted(sorted);
        if (_parameters.ReferenceLayer0)
        {
            CompositeScores.RaiseFirstLayer(composites);
        }

        long slots = Slots(shape, budget, shape.IsEvenInLayers() ? shape.KvHeads : 1);
        int floor = Floor(shape, slots);
        BudgetRow[] rows = new BudgetRow[shape.Layers];
        for (int layer = 0; layer < rows.Length; layer++)
        {
            int[] lengths = new int[shape.KvHeads];
            int layerFloor = floor;
            for (int head = 0; head < lengths.Length; head++)
            {
                lengths[head] = shape.Slots(layer, head);
                layerFloor = Math.Max(layerFloor, guarded[(layer * shape.KvHeads) + head]);
            }

            rows[layer] = new BudgetRow(composites[layer], 1, layerFloor, lengths);
        }

        return ThresholdBudget.SolveWithin(rows, slots).Counts;
    }

    private int[] UnstructuredCounts(AttentionScores sorted, CacheShape shape, int[] guarded, RetentionBudget budget)
    {
        long slots = Slots(shape, budget, 1);
        int floor = Floor(shape, slots);
        BudgetRow[] rows = new BudgetRow[guarded.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = new BudgetRow(sorted.RowMemory(i / shape.KvHeads, i % shape.KvHeads), 1, Math.Max(floor, guarded[i]));
        }

        return ThresholdBudget.SolveWithin(rows, slots).Counts;
    }

    // The minimum raises the total only: how it is shared out is still the scores' business, so the plan is the reference's wherever that
    // keeps as much.
    private long Slots(CacheShape shape, RetentionBudget budget, long unit)
    {
        long minimum = (long)shape.Layers * shape.KvHeads * _parameters.MinimumPerHead;
        return Math.Min(Math.Max(budget.Slots(shape, unit), minimum), shape.TotalSlots);
    }

    private int Floor(CacheShape shape, long slots)
    {
        double mean = (double)slots / ((long)shape.Layers * shape.KvHeads);
        int headFloor = Math.Max(_parameters.HeadFloor, (int)(_parameters.HeadFloorShare * mean));
        return Math.Max(headFloor, _parameters.KeepTokenLowerBound);
    }
}
