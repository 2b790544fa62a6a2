namespace KVCluster.Compression.Policies;

/// <summary>
/// Parameters of a policy: a record of init-only properties (bool, int, double, enum), each with its default, that the command line knows
/// by their names in kebab-case.
/// </summary>
public abstract record PolicyParameters
{
    /// <summary>
    /// The budget is raised to at least this many slots a head, so that a short context at a high ratio is not emptied. 0 is what the
    /// references do: their count truncates to nothing.
    /// </summary>
    public int MinimumPerHead { get; init; } = 1;

    /// <summary>Throws <see cref="PolicyException"/> naming the first parameter out of range.</summary>
    public virtual void Validate() => RequireNotNegative(MinimumPerHead, nameof(MinimumPerHead));

    /// <summary>Throws unless the value is 0 or more.</summary>
    protected static void RequireNotNegative(int value, string name)
    {
        if (value < 0)
        {
            throw new PolicyException($"{ParameterBinder.Kebab(name)} is {value}: it must not be negative");
        }
    }

    /// <summary>Throws unless the value is 1 or more.</summary>
    protected static void RequirePositive(int value, string name)
    {
        if (value < 1)
        {
            throw new PolicyException($"{ParameterBinder.Kebab(name)} is {value}: it must be 1 or more");
        }
    }

    /// <summary>Throws unless the value lies in [0, 1].</summary>
    protected static void RequireShare(double value, string name)
    {
        if (!(value is >= 0 and <= 1))
        {
            throw new PolicyException($"{ParameterBinder.Kebab(name)} is {value}: it lies in [0, 1]");
        }
    }
}
