namespace KVCluster.Client;

/// <summary>Where an Orleans cluster's members are found; as the servers' settings name it.</summary>
public sealed record ClusterConnection
{
    /// <summary>The Redis of the cluster's members, as a StackExchange.Redis connection string (<c>host:port,password=...</c>).</summary>
    public required string Redis { get; init; }

    /// <summary>The cluster's name (the servers' setting Cluster:Id).</summary>
    public string ClusterId { get; init; } = "kvcluster";

    /// <summary>The service's name (the servers' setting State:Service).</summary>
    public string ServiceId { get; init; } = "kvcluster";
}
