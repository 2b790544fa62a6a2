namespace Orleans.Configuration;

/// <summary>Settings of calls.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for an answer before <see cref="TimeoutException"/>.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Settings of calls that a silo's grains and services make.</summary>
public class SiloMessagingOptions : MessagingOptions;

/// <summary>Settings of calls that a client makes.</summary>
public class ClientMessagingOptions : MessagingOptions;

/// <summary>When idle activations are collected.</summary>
public class GrainCollectionOptions
{
    /// <summary>How long an activation stays without a call.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle activations are looked for.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);
}
