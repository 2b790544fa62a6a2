namespace KVCluster.Client;

/// <summary>Settings of a client.</summary>
public sealed class KVClusterClientOptions
{
    /// <summary>
    /// The tenant whose sessions these are. Grains take it at its word: who may call grains is up to the cluster's network, and clients that
    /// are not trusted come through HTTP, where API keys say who they are.
    /// </summary>
    public string Tenant { get; set; } = "default";

    /// <summary>What is sent again, how often and when.</summary>
    public RetryOptions Retry { get; set; } = new();

    /// <summary>The clock of the waits between attempts.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;
}
