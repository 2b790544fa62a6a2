namespace KVCluster.Grains;

/// <summary>
/// Knows which nodes there are and what their devices have free. One a cluster, key 0; in memory only, since every node reports again
/// within seconds. Nobody asks it in a turn: nodes keep what it last answered.
/// </summary>
[Alias("KVCluster.IDeviceDirectoryGrain")]
public interface IDeviceDirectoryGrain : IGrainWithIntegerKey
{
    /// <summary>Takes a node's report and answers with the last one of every live node.</summary>
    [Alias("Report")]
    Task<NodeReport[]> Report(NodeReport report, CancellationToken cancellationToken = default);

    /// <summary>A node has left in order.</summary>
    [Alias("Leave")]
    Task Leave(string node, CancellationToken cancellationToken = default);

    /// <summary>The last report of every live node, by name.</summary>
    [Alias("List")]
    Task<NodeReport[]> List(CancellationToken cancellationToken = default);
}
