namespace KVCluster.Grains;

/// <summary>Where a session goes: a pure function of what is known.</summary>
internal static class PlacementDecision
{
    /// <summary>The first sessions of an empty device are taken to need this share of it.</summary>
    private const int SessionsOfAnEmptyDevice = 64;

    /// <summary>
    /// The node that holds the cache, if it takes turns; else the one with the most bytes free if all its caches were whole, less what
    /// sessions placed since its report are likely to take. Where none has any, the one whose whole caches would exceed it least, for its
    /// size: there the fewest tokens have to be dropped. Then the most evictable bytes, the fewest sessions, the first by name. Null where
    /// no node takes turns.
    /// </summary>
    /// <param name="nodes">Live nodes that the engine allows.</param>
    /// <param name="holder">The node that last had the cache, or null.</param>
    /// <param name="placed">Sessions placed on a node since its report.</param>
    public static NodeReport? Choose(IEnumerable<NodeReport> nodes, string? holder, Func<string, int> placed)
    {
        NodeReport[] fit = [.. nodes.Where(node => node.TakesTurns)];
        return Array.Find(fit, node => node.Node == holder) ?? fit
            .Select(node => (Node: node, Need: Need(node, placed(node.Node)), Total: Total(node)))
            .OrderByDescending(node => Math.Max(0, node.Total - node.Need))
            .ThenBy(node => node.Total == 0 ? 1 : (double)node.Need / node.Total)
            .ThenByDescending(node => Usable(node.Node).Sum(device => device.EvictableBytes))
            .ThenBy(node => Usable(node.Node).Sum(device => device.Resident) + placed(node.Node.Node))
            .ThenBy(node => node.Node.Node, StringComparer.Ordinal)
            .Select(node => node.Node)
            .FirstOrDefault();
    }

    private static IEnumerable<DeviceReport> Usable(NodeReport node) =>
        node.Devices.Where(device => device is { IsDraining: false, Failure: null });

    private static long Total(NodeReport node) => Usable(node).Sum(device => device.TotalBytes);

    /// <summary>Bytes its sessions, and those placed there since, would take whole.</summary>
    private static long Need(NodeReport node, int placed)
    {
        long held = Usable(node).Sum(device => Math.Max(device.TotalBytes - device.FreeBytes, device.WholeBytes));
        int resident = Usable(node).Sum(device => device.Resident);
        return held + (placed * (resident == 0 ? Total(node) / SessionsOfAnEmptyDevice : held / resident));
    }
}
