using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>
/// Any policy, with positions closed up: kept keys are turned by RoPE to positions without gaps, so that the conversation goes on from the
/// number of kept rows and not from its true length. Heads shorter than the longest take its last positions.
/// </summary>
public sealed class RerotatePolicy : ICompressionPolicy
{
    internal const string PolicyName = "rerotate";

    private readonly ICompressionPolicy _policy;
    private readonly RerotateParameters _parameters;

    /// <summary>The wrapper.</summary>
    public RerotatePolicy(ICompressionPolicy policy, RerotateParameters? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        _policy = policy;
        _parameters = parameters ?? new RerotateParameters();
        _parameters.Validate();
    }

    /// <inheritdoc/>
    public string Name => PolicyName;

    /// <inheritdoc/>
    public PolicyParameters Parameters => _parameters;

    /// <inheritdoc/>
    public ScoreRequest Request => _policy.Request;

    /// <inheritdoc/>
    public RetentionPlan Plan(PolicyInput input, RetentionBudget budget) => _policy.Plan(input, budget).ClosingPositions();
}

/// <summary>Parameters of rerotation: none of its own.</summary>
public sealed record RerotateParameters : PolicyParameters;
