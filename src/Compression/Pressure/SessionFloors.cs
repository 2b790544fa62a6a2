namespace KVCluster.Compression.Pressure;

/// <summary>What compression may never take from a session.</summary>
public sealed record SessionFloors
{
    /// <summary>First positions that stay in every head.</summary>
    public int Sinks { get; init; } = 4;

    /// <summary>Last positions that stay in every head.</summary>
    public int Recents { get; init; } = 32;

    /// <summary>Slots that every (layer, KV head) keeps at least, its best ones.</summary>
    public int MinimumPerHead { get; init; }

    /// <summary>The share of the conversation's tokens, in [0, 1], that the tenant is guaranteed to keep in every (layer, KV head).</summary>
    public double GuaranteedRetention { get; init; }

    /// <summary>Throws <see cref="PolicyException"/> naming the value that is out of range.</summary>
    public void Validate()
    {
        foreach ((int value, string name) in new[] { (Sinks, "sinks"), (Recents, "recents"), (MinimumPerHead, "minimum per head") })
        {
            if (value < 0)
            {
                throw new PolicyException($"{name} {value}: not negative");
            }
        }

        if (!(GuaranteedRetention >= 0 && GuaranteedRetention <= 1))
        {
            throw new PolicyException($"guaranteed retention {GuaranteedRetention}: a share of the tokens, in [0, 1]");
        }
    }

    /// <summary>Slots a head keeps at least, besides sinks and recents.</summary>
    internal int Least(CacheShape shape) => Math.Max(MinimumPerHead, (int)Math.Ceiling(GuaranteedRetention * shape.LogicalLength));
}
