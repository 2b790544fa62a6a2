namespace KVCluster.Compression.Pressure.Leases;

/// <summary>What a tenant is promised over the whole cluster.</summary>
/// <param name="Share">Its part relative to others, above 0, where bytes do not reach for all.</param>
/// <param name="GuaranteedBytes">Bytes it may always hold, as far as it needs them.</param>
public sealed record TenantTerms(double Share = 1, long GuaranteedBytes = 0)
{
    /// <summary>Throws <see cref="PolicyException"/> naming the tenant and the value that is out of range.</summary>
    internal void Validate(string tenant)
    {
        if (!(Share > 0 && double.IsFinite(Share)) || GuaranteedBytes < 0)
        {
            throw new PolicyException(
                $"tenant {tenant}: share {Share}, {GuaranteedBytes} bytes guaranteed: the share is above 0, the guarantee not negative");
        }
    }
}
