using KVCluster.Compression.Pressure;
using KVCluster.Compression.Pressure.Leases;
using KVCluster.Worker.Serving;
using KVCluster.Worker.Serving.Pressure;

namespace KVCluster.Grains;

/// <summary>The devices of a node as the allocator sees them: one report of all, and a lease shared out over them by their sizes.</summary>
internal sealed class NodeMemory(IReadOnlyList<IDeviceWorker> devices, ITenantTerms terms)
{
    /// <summary>Measures every device that serves; one that failed holds nothing and lends nothing.</summary>
    public async Task<(MemoryReport Report, List<MovableSession> Movable)> MeasureAsync(string node, long lastRound, CancellationToken cancellationToken)
    {
        List<DeviceMemory> measured = [];
        foreach (IDeviceWorker device in devices)
        {
            try
            {
                measured.Add(await device.Pressure!.MeasureAsync(cancellationToken));
            }
            catch (Exception error) when (error is DeviceFailedException or ObjectDisposedException)
            {
                // Its sessions are gone, and so is its memory.
            }
        }

        WeightedProfile[] profiles = [.. measured.Select(m => new WeightedProfile(m.Profile, 1))];
        ByteProfile profile = ByteProfile.Sum(profiles);
        Dictionary<string, long> needs = new(StringComparer.Ordinal);
        foreach ((string tenant, long bytes) in measured.SelectMany(m => m.Needs))
        {
            needs[tenant] = needs.GetValueOrDefault(tenant) + bytes;
        }

        MemoryReport report = new()
        {
            Node = node,
            CapacityBytes = measured.Sum(m => m.CapacityBytes),
            UsedBytes = measured.Sum(m => m.UsedBytes),
            WaitingBytes = measured.Sum(m => m.WaitingBytes),
            FloorBytes = profile.FloorBytes,
            BytesByBin = [.. Enumerable.Range(0, ScoreBins.Count).Select(profile.InBin)],
            Needs = needs,
            Promises = needs.Keys.ToDictionary(tenant => tenant, terms.Of, StringComparer.Ordinal),
            LastRound = lastRound,
        };
        return (report, [.. measured.SelectMany(m => m.Movable)]);
    }

    /// <summary>Tells every device what it may hold by a lease.</summary>
    /// <param name="lease">The node's lease; its limit is the node's size before the first.</param>
    /// <param name="limits">The tenants' limits there, of the last grant.</param>
    public void Apply(HeldLease lease, IReadOnlyDictionary<string, TenantGrant> limits)
    {
        long capacity = Math.Max(1, lease.CapacityBytes);
        foreach (IDeviceWorker device in devices)
        {
            double share = (double)device.Status().Ledger.TotalBytes / capacity;
            device.Pressure!.Apply(new DeviceTerms((long)(share * lease.LimitBytes))
            {
                HasTenantLimits = terms.HasLimits,
                Tenant = tenant => Part(tenant, share, lease, limits),
            });
        }
    }

    private DeviceTenant Part(string tenant, double share, HeldLease lease, IReadOnlyDictionary<string, TenantGrant> limits)
    {
        TenantLease part = lease.Of(tenant);
        TenantPromise promise = terms.Of(tenant);

        // A tenant that came since the last round is not in it: its whole limit holds until the next.
        long? limit = limits.TryGetValue(tenant, out TenantGrant grant) && grant.LimitBytes is { } granted
            ? Math.Min(granted, promise.LimitBytes ?? long.MaxValue)
            : promise.LimitBytes;
        return new DeviceTenant(
            (long)(share * part.EntitledBytes),
            (long)(share * part.GuaranteedBytes),
            limit is null ? null : (long)(share * limit.Value),
            promise.GuaranteedRetention);
    }
}
