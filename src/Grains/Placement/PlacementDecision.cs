namespace KVCluster.Grains;

/// <summary>Where a session goes: a pure function of what is known.</summary>
internal static class PlacementDecision
{
    /// <summary>The first sessions of an empty device are taken to need this share of it.</summary>
    private const int SessionsOfAnEmptyDevice = 64;

    /// <summary>
    /// The node that holds the cache, if it takes turns; else the one with the most free bytes, less what sessions placed since its report
    /// are likely to take. Where those are equal (all are full), the most evictable bytes, then the fewest sessions, then the first by
    /// name. Null where no node takes turns.
    /// </summary>
    /// <param name="nodes">Live nodes that the engine allows.</param>
    /// <param name="holder">The node that last had the cache, or null.</param>
    /// <param name="placed">Sessions placed on a node since its report.</param>
    public static NodeReport? Choose(IEnumerable<NodeReport> nodes, string? holder, Func<string, int> placed)
    {
        NodeReport[] fit = [.. nodes.Where(node => node.TakesTurns)];
        return Array.Find(fit, node => node.Node == holder) ?? fit
            .OrderByDescending(node => Math.Max(0, Free(node) - (placed(node.Node) * SessionBytes(node))))
            .ThenByDescending(node => Usable(node).Sum(device => device.EvictableBytes))
            .ThenBy(node => Usable(node).Sum(device => device.Resident) + placed(node.Node))
            .ThenBy(node => node.Node, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    private static IEnumerable<DeviceReport> Usable(NodeReport node) =>
        node.Devices.Where(device => device is { IsDraining: false, Failure: null });

    private static long Free(NodeReport node) => Usable(node).Sum(device => device.FreeBytes);

    private static long SessionBytes(NodeReport node)
    {
        long total = Usable(node).Sum(device => device.TotalBytes);
        int resident = Usable(node).Sum(device => device.Resident);
        return resident == 0 ? total / SessionsOfAnEmptyDevice : (total - Free(node)) / resident;
    }
}
