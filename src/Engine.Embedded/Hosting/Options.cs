namespace Orleans.Configuration;

/// <summary>Which cluster this is.</summary>
public class ClusterOptions
{
    /// <summary>The cluster's name.</summary>
    public string ClusterId { get; set; } = "default";

    /// <summary>The service's name: it stays over the cluster's lives and is part of stored keys.</summary>
    public string ServiceId { get; set; } = "default";
}

/// <summary>Settings of calls.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for an answer before <see cref="TimeoutException"/>.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether the callee's cancellation token is cancelled when the caller stops waiting.</summary>
    public bool CancelRequestOnTimeout { get; set; }
}

/// <summary>Settings of calls that a silo's grains and services make.</summary>
public class SiloMessagingOptions : MessagingOptions;

/// <summary>Settings of calls that a client makes.</summary>
public class ClientMessagingOptions : MessagingOptions;

/// <summary>When idle activations are collected.</summary>
public class GrainCollectionOptions
{
    /// <summary>How long an activation stays without a call, unless its class says otherwise.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle activations are looked for.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Ages by a grain class's full name.</summary>
    public Dictionary<string, TimeSpan> ClassSpecificCollectionAge { get; set; } = [];

    /// <summary>How long an activation may take to begin.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation may take to end before its token is cancelled.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
