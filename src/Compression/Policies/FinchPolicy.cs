using KVCluster.Compression.Budgets;

namespace KVCluster.Compression.Policies;

/// <summary>
/// FINCH (TACL 2024): the attention of a prompt at the end of the context, each query's times its position so that early and late ones count
/// alike; the prompt stays. Kept keys are turned to positions 0, 1, ... so that the conversation goes on from the number of kept rows.
/// </summary>
public sealed class FinchPolicy(FinchParameters? parameters = null) : ScoredPolicy<FinchParameters>(parameters)
{
    internal const string PolicyName = "finch";

    /// <inheritdoc/>
    public override string Name => PolicyName;

    /// <inheritdoc/>
    public override ScoreRequest Request => new()
    {
        Attention = new AttentionRequest(AttentionSource.Window, QueryAggregation.Mean)
        {
            Window = Settings.Window,
            Weighting = Settings.Normalize ? QueryWeighting.Position : QueryWeighting.Uniform,
        },
    };

    /// <inheritdoc/>
    protected override int Recents => Settings.Window;

    /// <inheritdoc/>
    public override AttentionScores Score(PolicyInput input) => WindowScores.Of(input, Settings.Window, kernel: 1);

    /// <inheritdoc/>
    public override RetentionPlan Plan(PolicyInput input, RetentionBudget budget)
    {
        RetentionPlan plan = base.Plan(input, budget);
        return Settings.Rerotate ? plan.ClosingPositions() : plan;
    }
}

/// <summary>Parameters of FINCH.</summary>
public sealed record FinchParameters : PolicyParameters
{
    /// <summary>Tokens of the prompt at the end.</summary>
    public int Window { get; init; } = 64;

    /// <summary>Each query's attention is multiplied by its position.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>Positions are closed up.</summary>
    public bool Rerotate { get; init; } = true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequirePositive(Window, nameof(Window));
    }
}
