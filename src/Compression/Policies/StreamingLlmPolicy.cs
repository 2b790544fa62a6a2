using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>
/// StreamingLLM (arXiv 2309.17453): the first tokens and the most recent, the same number in every head. Needs nothing of the model. Heads
/// that hold fewer than their share keep what they have, and the others get no more for it than brings all to one length.
/// </summary>
public sealed class StreamingLlmPolicy : ICompressionPolicy
{
    internal const string PolicyName = "streaming-llm";

    private readonly StreamingLlmParameters _parameters;

    /// <summary>The policy; throws <see cref="PolicyException"/> where a parameter is out of range.</summary>
    public StreamingLlmPolicy(StreamingLlmParameters? parameters = null)
    {
        _parameters = parameters ?? new StreamingLlmParameters();
        _parameters.Validate();
    }

    /// <inheritdoc/>
    public string Name => PolicyName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public ScoreRequest Request => ScoreRequest.None;

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        ArgumentNullException.ThrowIfNull(input);
        CacheShape shape = input.Shape;
        int share = Math.Max(EqualLength.Of(shape, budget), _parameters.MinimumPerHead);
        int[][] kept = new int[shape.Layers * shape.KvHeads][];
        for (int i = 0; i < kept.Length; i++)
        {
            int layer = i / shape.KvHeads;
            int head = i % shape.KvHeads;
            kept[i] = Select(shape.Slots(layer, head), shape.SlotsBefore(layer, head, _parameters.Sinks), share);
        }

        return new RetentionPlan(shape.Layers, shape.KvHeads, kept);
    }

    private static int[] Select(int slots, int sinks, int share)
    {
        share = Math.Min(share, slots);
        sinks = Math.Min(sinks, share);
        int[] kept = new int[share];
        for (int i = 0; i < share; i++)
        {
            kept[i] = i < sinks ? i : slots - share + i;
        }

        return kept;
    }
}
