namespace KVCluster.Compression.Pressure;

/// <summary>
/// What a session weighs against others when bytes get short:
/// <code>
/// importance = 2^priority * clamp(entitled / used, 1/4, 4)
/// weight     = importance * max(1/20, chance of return)
/// </code>
/// priority is the session's; entitled and used are its tenant's bytes, so a tenant above its share gives way and one below is spared; the
/// chance of return stands for the time idle (<see cref="ReturnChance"/>) and has a floor, since a session that hardly ever returns must not
/// be worth nothing.
/// </summary>
public static class SessionWeight
{
    /// <summary>Priorities lie within plus and minus this.</summary>
    public const int MostPriority = 8;

    /// <summary>How far a tenant's share may raise or lower its sessions.</summary>
    public const double MostTenantFactor = 4;

    /// <summary>The least chance of return that counts.</summary>
    public const double LeastChance = 1.0 / 20;

    /// <summary>Priority and tenant share as one factor.</summary>
    /// <param name="priority">In [-8, 8]; each step doubles.</param>
    /// <param name="usedBytes">Bytes the tenant holds; 0: it is as far below its share as counts.</param>
    /// <param name="entitledBytes">Bytes the tenant is entitled to; 0: shares do not matter here.</param>
    /// <exception cref="PolicyException">The priority is out of range, or a number of bytes is negative.</exception>
    public static double Importance(int priority, long usedBytes = 0, long entitledBytes = 0)
    {
        if (priority is < -MostPriority or > MostPriority)
        {
            throw new PolicyException($"priority {priority}: it lies in [-{MostPriority}, {MostPriority}]");
        }

        if (usedBytes < 0 || entitledBytes < 0)
        {
            throw new PolicyException($"{usedBytes} of {entitledBytes} bytes of a tenant: not negative");
        }

        double tenant = entitledBytes == 0 ? 1 : Math.Clamp((double)entitledBytes / Math.Max(1, usedBytes), 1 / MostTenantFactor, MostTenantFactor);
        return Math.ScaleB(tenant, priority);
    }

    /// <summary>The weight, for <see cref="GlobalThreshold"/> and for the cost of compression.</summary>
    public static double Of(double importance, double returnChance) => importance * Math.Max(LeastChance, returnChance);
}
