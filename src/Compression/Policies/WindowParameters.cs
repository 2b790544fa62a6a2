namespace KVCluster.Compression.Policies;

/// <summary>Parameters of policies that score by the attention of the last queries.</summary>
public abstract record WindowParameters : PolicyParameters
{
    /// <summary>The last so many queries look, and their own tokens stay.</summary>
    public int Window { get; init; } = 64;

    /// <summary>Scores are averaged over so many neighbours, an odd number.</summary>
    public int Kernel { get; init; } = 5;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequirePositive(Window, nameof(Window));
        if (Kernel < 1 || Kernel % 2 == 0)
        {
            throw new PolicyException($"kernel is {Kernel}: it must be odd and positive");
        }
    }
}
