namespace KVCluster.Grains;

/// <summary>
/// The last report of each node, and for how long it counts. Time is a monotonic clock's: a jump of the date drops nobody.
/// </summary>
internal sealed class NodeRegister(TimeSpan lifetime, TimeProvider time)
{
    private readonly SortedDictionary<string, (NodeReport Report, long At)> _nodes = new(StringComparer.Ordinal);

    public void Report(NodeReport report) => _nodes[report.Node] = (report, time.GetTimestamp());

    public void Leave(string node) => _nodes.Remove(node);

    /// <summary>Live nodes by name; the others are forgotten.</summary>
    public NodeReport[] Live()
    {
        string[] silent = [.. _nodes.Where(node => time.GetElapsedTime(node.Value.At) > lifetime).Select(node => node.Key)];
        foreach (string node in silent)
        {
            _nodes.Remove(node);
        }

        return [.. _nodes.Values.Select(node => node.Report)];
    }
}
