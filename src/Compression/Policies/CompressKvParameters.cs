namespace KVCluster.Compression.Policies;

/// <summary>Parameters of CompressKV.</summary>
public sealed record CompressKvParameters : PolicyParameters
{
    /// <summary>The last so many queries look, and their own tokens stay.</summary>
    public int Window { get; init; } = 8;

    /// <summary>Scores are averaged over so many neighbours, an odd number.</summary>
    public int Kernel { get; init; } = 5;

    /// <summary>Tokens every layer keeps at least, as far as the mean budget reaches.</summary>
    public int LayerMinimum { get; init; } = 32;

    /// <summary>No layer gets more than so many mean budgets.</summary>
    public int LayerMaximum { get; init; } = 3;

    /// <summary>Layers get budgets by their calibrated errors; false, or where those are unknown: all alike.</summary>
    public bool LayerBudgets { get; init; } = true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequirePositive(Window, nameof(Window));
        RequireNotNegative(LayerMinimum, nameof(LayerMinimum));
        RequirePositive(LayerMaximum, nameof(LayerMaximum));
        if (Kernel < 1 || Kernel % 2 == 0)
        {
            throw new PolicyException($"kernel is {Kernel}: it must be odd and positive");
        }
    }
}
