using KVCluster.Compression;
using KVCluster.Compression.Budgets;
using KVCluster.Compression.Policies;

namespace KVCluster.Silo.Demo;

/// <summary>
/// A policy that has the model score once and then plans many budgets from those scores: scoring costs compute, evicting costs nothing.
/// Only for caches that are forks of one, as they are the same in every slot.
/// </summary>
/// <param name="label">What it is called in reports: a policy may run twice with other parameters.</param>
/// <param name="policy">Plans.</param>
internal sealed class RememberedScores(string label, ICompressionPolicy policy) : IStagedPolicy
{
    private PolicyInput? _input;

    public string Name => label;

    public PolicyParameters Parameters => policy.Parameters;

    /// <summary>A cut in stages scores what its own cuts left, so nothing is remembered for it.</summary>
    public int Stages => (policy as IStagedPolicy)?.Stages ?? 1;

    // Vectors are read from the very cache that is planned for; everything else is numbers that all forks share.
    public ScoreRequest Request => _input is null || Stages > 1 ? policy.Request : ScoreRequest.None with { Vectors = policy.Request.Vectors };

    /// <summary>The share of the scored attention that the last plan drops, in [0, 1]; null where the policy does not score.</summary>
    public double? DroppedMass { get; private set; }

    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        _input = _input is null || Stages > 1 ? input : _input with { Vectors = input.Vectors };
        if (input.Shape.TotalSlots != _input.Shape.TotalSlots || input.Shape.LogicalLength != _input.Shape.LogicalLength)
        {
            throw new ArgumentException("the scores were made for another cache", nameof(input));
        }

        RetentionPlan plan = policy.Plan(_input, budget);
        DroppedMass = _input.Attention is null ? null : RetentionSummary.Of(plan, _input.Shape, _input.Attention).DroppedMass;
        return plan;
    }
}
