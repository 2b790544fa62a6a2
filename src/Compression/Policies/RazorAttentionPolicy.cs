using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>
/// RazorAttention (arXiv 2407.15891): the calibrated retrieval heads (induction and echo heads) keep everything; the others keep sinks and
/// as many recent tokens as the budget leaves them, and one compensation token for all they drop.
/// </summary>
public sealed class RazorAttentionPolicy : ICompressionPolicy
{
    internal const string PolicyName = "razor-attention";

    private readonly RazorAttentionParameters _parameters;

    /// <summary>The policy; throws <see cref="PolicyException"/> where a parameter is out of range.</summary>
    public RazorAttentionPolicy(RazorAttentionParameters? parameters = null)
    {
        _parameters = parameters ?? new RazorAttentionParameters();
        _parameters.Validate();
    }

    /// <inheritdoc/>
    public string Name => PolicyName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public ScoreRequest Request => new() { Calibration = true };

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        ArgumentNullException.ThrowIfNull(input);
        CacheShape shape = input.Shape;
        int[] order = Order(input);
        int retrieving = (int)Math.Round(order.Length * _parameters.RetrievalShare, MidpointRounding.ToEven);
        long minimum = (long)_parameters.MinimumPerHead * order.Length;
        long slots = Math.Min(Math.Max(budget.Slots(shape), minimum), shape.TotalSlots);
        int wanted = _parameters.Sinks + _parameters.MinimumRecents + 1;
        while (retrieving > 0 && Largest(shape, order, retrieving, slots) < wanted)
        {
            retrieving--;
        }

        int share = Largest(shape, order, retrieving, slots);
        int[][] kept = new int[order.Length][];
        int[] carriers = new int[order.Length];
        for (int i = 0; i < order.Length; i++)
        {
            int head = order[i];
            int length = i < retrieving ? int.MaxValue : Math.Max(share, _parameters.MinimumPerHead);
            (kept[head], carriers[head]) = Select(shape, head, length);
        }

        RetentionPlan plan = new(shape.Layers, shape.KvHeads, kept);
        return _parameters.Compensate ? plan.Merging(carriers) : plan;
    }

    /// <summary>KV heads by how well the best query head of their group retrieves, best first.</summary>
    private static int[] Order(PolicyInput input)
    {
        float[][]? scores = input.RequireCalibration().InductionScores;
        int queryHeads = scores is { Length: > 0 } ? scores[0].Length : 0;
        CacheShape shape = input.Shape;
        if (queryHeads == 0 || queryHeads % shape.KvHeads != 0)
        {
            queryHeads = shape.KvHeads;
        }

        float[] flat = CalibratedHeads.Flatten(scores, "induction scores of query heads", shape.Layers, queryHeads);
        int group = queryHeads / shape.KvHeads;
        return [.. Enumerable.Range(0, shape.Layers * shape.KvHeads).OrderByDescending(i => flat.AsSpan(i * group, group).ToArray().Max())];
    }

    /// <summary>The largest length of the streaming heads at which all fits.</summary>
    private static int Largest(CacheShape shape, int[] order, int retrieving, long slots)
    {
        int low = 0;
        int high = shape.LogicalLength;
        while (low < high)
        {
            int middle = low + ((high - low + 1) / 2);
            long cost = 0;
            for (int i = 0; i < order.Length; i++)
            {
                int all = shape.Slots(order[i] / shape.KvHeads, order[i] % shape.KvHeads);
                cost += i < retrieving ? all : Math.Min(all, middle);
            }

            (low, high) = cost <= slots ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    // The carrier of the compensation token is the first slot dropped, so that kept slots stay in the order of their positions.
    private (int[] Kept, int Carrier) Select(CacheShape shape, int index, int length)
    {
        int slots = shape.Slots(index / shape.KvHeads, index % shape.KvHeads);
        if (length >= slots)
        {
            return ([.. Enumerable.Range(0, slots)], -1);
        }

        int sinks = Math.Min(length, shape.SlotsBefore(index / shape.KvHeads, index % shape.KvHeads, _parameters.Sinks));
        bool carries = _parameters.Compensate && length > sinks;
        int first = sinks + (carries ? 1 : 0);
        int recents = length - first;
        return ([.. Enumerable.Range(0, first), .. Enumerable.Range(slots - recents, recents)], carries ? sinks : -1);
    }
}
