using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>
/// DuoAttention (arXiv 2410.10819): retrieval heads keep everything, the others stream: first and recent tokens only. Which is which comes
/// from the model's calibration; the heads that retrieve least stream first.
/// </summary>
public sealed class DuoAttentionPolicy : ICompressionPolicy
{
    internal const string PolicyName = "duo-attention";

    private readonly DuoAttentionParameters _parameters;

    /// <summary>The policy; throws <see cref="PolicyException"/> where a parameter is out of range.</summary>
    public DuoAttentionPolicy(DuoAttentionParameters? parameters = null)
    {
        _parameters = parameters ?? new DuoAttentionParameters();
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
        float[] scores = HeadScores(input);
        StreamingPlan plan = new(shape, _parameters.Sinks, _parameters.Recents);
        bool[] streams = new bool[scores.Length];
        int least = (int)Math.Round(scores.Length * _parameters.StreamingShare, MidpointRounding.ToEven);
        int streaming = 0;
        foreach (int head in Enumerable.Range(0, scores.Length).OrderBy(i => scores[i]))
        {
            if (streaming >= least && plan.Fits(streams, budget))
            {
                break;
            }

            streams[head] = true;
            streaming++;
        }

        return plan.Make(streams, budget, _parameters.MinimumPerHead);
    }

    private static float[] HeadScores(PolicyInput input) => CalibratedHeads.Flatten(
        input.RequireCalibration().RetrievalScores, "retrieval scores of KV heads", input.Shape.Layers, input.Shape.KvHeads);
}
